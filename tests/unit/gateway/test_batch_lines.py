"""A line that passes in one go asks for exactly what it asks for when it is read slowly."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest

from kaipiao.base.canonical import canonical
from kaipiao.errors import Refusal
from kaipiao.gateway.batch_lines import LineReader, Read
from kaipiao.gateway.lines import Cut
from kaipiao.issuing.issue import Ask, Issuing, compose_entry, compose_plain_entry
from kaipiao.ports import ApiKey, Entry
from kaipiao.regimes.cn.passage import passage_on
from kaipiao.regimes.cn.rules import check
from tests.clocks import StoppedClock
from tests.strategies import SELLER, lawful_draft, make_draft

OTHER = "91310000000000000X"
MAX_BYTES = 100_000
PLAIN = canonical(lawful_draft())
TWICE = PLAIN[:-1] + b',"remark":"twice"}'
WARNED = canonical(lawful_draft(remark="长" * 210))


def line(draft: bytes, key: str = "sale-1", **more: Any) -> bytes:
    members = {"key": key, **more}
    head = json.dumps(members, ensure_ascii=False)[:-1]
    return f"{head}, ".encode() + b'"draft": ' + draft + b"}"


LINES: dict[str, bytes | None] = {
    "plain": line(PLAIN),
    "the draft first": b'{"draft":' + PLAIN + b',"key":"sale-1"}',
    "spelt out": line(json.dumps(json.loads(PLAIN), indent=1).encode().replace(b"\n", b" ")),
    "escaped": line(json.dumps(json.loads(PLAIN)).encode()),
    "a key with colons": line(PLAIN, "a:b:c"),
    "a key with a quote": line(PLAIN, 'a"b'),
    "a key with a space": line(PLAIN, "a b"),
    "no key": b'{"draft":' + PLAIN + b"}",
    "an empty key": line(PLAIN, ""),
    "two keys": b'{"key":"a","key":"b","draft":' + PLAIN + b"}",
    "one member more": line(PLAIN, x=1),
    "a member of the draft twice": line(TWICE),
    "a warning only": line(WARNED),
    "not json": b"{",
    "too long to be kept": None,
    "not utf-8": line(PLAIN[:-1] + b',"payee":"\xff"}'),
    "carriage return": line(PLAIN) + b"\r",
}


def reader(*taxpayers: str, quick: bool) -> LineReader:
    key = ApiKey(
        key_id="k",
        tenant="t",
        name="n",
        may=frozenset({"issue"}),
        taxpayers=frozenset(taxpayers or ("*",)),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    passage = passage_on if quick else None
    issuing = Issuing(ledger=cast(Any, None), clock=StoppedClock(), law=check, passage=passage)
    return LineReader(issuing, key, max_line_bytes=MAX_BYTES)


def told(read: Read) -> tuple[int, str, Entry | tuple[str, Any]]:
    """What is asked, as the ledger takes it; or the refusal."""
    number, key, ask = read
    if isinstance(ask, Refusal):
        faults = msgspec.to_builtins(getattr(ask, "violations", []))
        return number, key, (ask.code, (ask.facts, faults))
    if isinstance(ask, Ask):
        return number, key, compose_entry(ask.draft, ask.key, ask.payload)
    return number, key, compose_plain_entry(ask[1], cast(Any, ask[0]))


@pytest.mark.parametrize("name", LINES)
def test_both_ways_ask_for_the_same(name: str) -> None:
    cuts: list[Cut] = [(7, LINES[name])]

    (quick,), (slow,) = (reader(quick=quick).read(cuts) for quick in (True, False))

    assert told(quick) == told(slow)


def test_many_drafts_ask_for_the_same() -> None:
    cuts: list[Cut] = [(n, line(canonical(make_draft(n)), f"sale-{n}")) for n in range(1, 200)]

    quick, slow = (reader(quick=quick).read(cuts) for quick in (True, False))

    assert list(map(told, quick)) == list(map(told, slow))
    assert sum(not isinstance(ask, Ask) for _, _, ask in quick) > 100


def test_a_line_for_another_seller_is_refused_on_both_ways() -> None:
    cuts: list[Cut] = [(1, line(PLAIN))]
    for quick in (True, False):
        ((_, key, ask),) = reader(OTHER, quick=quick).read(cuts)
        assert key == "sale-1"
        assert isinstance(ask, Refusal)
        assert ask.code == "not-allowed"
        ((_, _, ask),) = reader(OTHER, SELLER.taxpayer_id, quick=quick).read(cuts)
        assert not isinstance(ask, Refusal)
