"""Everything that is wrong with a body, at once.

The fast decoder stops at the first fault.  Only after it has refused do we come here and look
again, slowly and at everything: each fault gets its JSON pointer (RFC 6901), a stable code and
what to do, like the violations of a rule.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Annotated, Any, NoReturn

import msgspec
from msgspec import Meta, inspect

from kaipiao.fiscal.violation import Violation
from kaipiao.gateway.fault_words import fault, printable, under, wrong_type

FAULTS_MAX = 1_001
"""As many as are ever shown, and one more to say that there are more."""


class _Members(dict[str, Any]):
    """A JSON object that remembers which of its members were given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(name for name, _ in pairs) if len(pairs) > len(self) else {}
        self.repeated = [name for name, count in counts.items() if count > 1]


def find_faults(body: bytes, kind: Any) -> list[Violation]:
    """Every fault that keeps ``body`` from being a ``kind``; none if there is none."""
    try:
        value = _parse(body)
    except UnicodeDecodeError as error:
        return [fault("not-utf8", "", at=error.start)]
    except RecursionError:
        return [fault("too-deep", "")]
    except ValueError as error:
        return [fault("not-json", "", why=str(error)[:200])]
    return list(islice(_faults(value, inspect.type_info(kind), ""), FAULTS_MAX))


def _parse(body: bytes) -> Any:
    return json.loads(
        body.decode("utf-8"),
        object_pairs_hook=_Members,
        parse_int=_whole,
        parse_constant=_no_constant,
    )


def _whole(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # thousands of digits: more than Python reads, and than the decoder takes
        return float("inf")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _faults(value: Any, kind: inspect.Type, path: str) -> Iterator[Violation]:
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        return _union_faults(value, kind, path)
    if isinstance(kind, inspect.StructType):
        return _object_faults(value, kind, path)
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return _array_faults(value, kind, path)
    if isinstance(kind, inspect.LiteralType):
        return _choice_faults(value, kind.values, path)
    return _leaf_faults(value, kind, path)


def _object_faults(value: Any, kind: inspect.StructType, path: str) -> Iterator[Violation]:
    if not isinstance(value, _Members):
        yield wrong_type("object", value, path)
        return
    fields = {field.encode_name: field for field in kind.fields}
    for name in value.repeated:
        yield fault("repeated-member", under(path, name), name=name)
    for name in value:
        if name not in fields and name != kind.tag_field:
            yield fault("unknown-member", under(path, name), name=printable(name))
    for name, field in fields.items():
        if name in value:
            yield from _faults(value[name], field.type, under(path, name))
        elif field.required:
            yield fault("missing-member", under(path, name), name=name)


def _array_faults(
    value: Any, kind: inspect.VarTupleType | inspect.ListType, path: str
) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield wrong_type("array", value, path)
        return
    yield from _length_faults(len(value), kind.min_length, kind.max_length, path)
    for place, item in enumerate(value):
        yield from _faults(item, kind.item_type, f"{path}/{place}")


def _length_faults(
    length: int, low: int | None, high: int | None, path: str
) -> Iterator[Violation]:
    if length < (low or 0) or (high is not None and length > high):
        yield fault("wrong-length", path, low=low or 0, high="…" if high is None else high)


def _union_faults(value: Any, kind: inspect.UnionType, path: str) -> Iterator[Violation]:
    if value is None and kind.includes_none:
        return iter(())
    kinds = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    tagged = {one.tag: one for one in kinds if isinstance(one, inspect.StructType) and one.tag}
    if tagged and isinstance(value, _Members):
        return _tagged_faults(value, tagged, path)
    if any(not list(_faults(value, one, path)) for one in kinds):
        return iter(())
    return _faults(value, kinds[0], path)


def _tagged_faults(
    value: _Members, tagged: dict[Any, inspect.StructType], path: str
) -> Iterator[Violation]:
    tag_field = next(iter(tagged.values())).tag_field or "type"
    if tag_field not in value:
        yield fault("missing-member", under(path, tag_field), name=tag_field)
        return
    tag = value[tag_field]
    if not isinstance(tag, str) or tag not in tagged:
        yield from _choice_faults(tag, tagged, under(path, tag_field))
        return
    yield from _object_faults(value, tagged[tag], path)


def _choice_faults(value: Any, choices: Iterable[Any], path: str) -> Iterator[Violation]:
    if not isinstance(value, str) or value not in choices:
        yield fault("not-a-choice", path, choices=", ".join(str(one) for one in choices))


def _leaf_faults(value: Any, kind: inspect.Type, path: str) -> Iterator[Violation]:
    if isinstance(kind, inspect.StrType):
        yield from _text_faults(value, kind, path)
    elif isinstance(kind, inspect.IntType):
        yield from _integer_faults(value, kind, path)
    elif isinstance(kind, inspect.BoolType):
        if not isinstance(value, bool):
            yield wrong_type("boolean", value, path)
    elif isinstance(kind, inspect.DateType):
        if not _converts(value, date):
            yield wrong_type("day", value, path)
    elif isinstance(kind, inspect.DateTimeType) and not _converts(
        value, Annotated[datetime, Meta(tz=kind.tz)]
    ):
        yield wrong_type("instant", value, path)


def _text_faults(value: Any, kind: inspect.StrType, path: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield wrong_type("text", value, path)
    elif any("\ud800" <= character <= "\udfff" for character in value):
        yield fault("unpaired-surrogate", path)
    else:
        if kind.pattern and not re.search(kind.pattern, value):
            yield fault("wrong-form", path, why=kind.pattern)
        yield from _length_faults(len(value), kind.min_length, kind.max_length, path)


def _integer_faults(value: Any, kind: inspect.IntType, path: str) -> Iterator[Violation]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield wrong_type("integer", value, path)
    elif (kind.ge is not None and value < kind.ge) or (kind.le is not None and value > kind.le):
        low, high = ("…" if end is None else end for end in (kind.ge, kind.le))
        yield fault("out-of-range", path, low=low, high=high)


def _converts(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
