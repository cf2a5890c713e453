"""Rules about texts: present, short enough, and free of characters that nobody can print.

Nobody: controls and their like, which are refused wherever they come from.  And of what we
are to issue ourselves: characters that our own documents cannot show (``printable.py``).
"""

import re
from collections.abc import Callable, Iterator
from operator import attrgetter

import msgspec

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.catalogue import objection
from kaipiao.regimes.cn.law import Context
from kaipiao.regimes.cn.limits import (
    ELEMENT_TEXT_MAX,
    HEADER_TEXTS,
    LINE_TEXTS,
    RED_REMARK_MAX,
    TextLimit,
)
from kaipiao.regimes.cn.printable import first_unshown, name_of

# Controls, marks that reverse the reading order, halves of surrogate pairs, non-characters.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

_Get = Callable[[object], str]


def _getters(limits: tuple[TextLimit, ...]) -> tuple[tuple[TextLimit, _Get], ...]:
    return tuple((limit, attrgetter(limit.path[1:].replace("/", "."))) for limit in limits)


_OF_RED_LETTERS = frozenset({"/issuer", "/remark"})
_HEADER = _getters(HEADER_TEXTS)
_LINE = _getters(LINE_TEXTS)


def check_header_texts(draft: Draft, context: Context) -> Iterator[Violation]:
    """Required, hard limit, web limit, forbidden characters: every text of the header."""
    for limit, get in _HEADER:
        yield from _check_text(limit, limit.path, get(draft), _hard_limit(limit, draft))


def check_shown(draft: Draft, context: Context) -> Iterator[Violation]:
    """Every text of header, lines and element can be printed.

    A red letter of our own repeats its original, which may be older than this rule and must
    not be kept from being taken back: only what its caller adds is asked.
    """
    for limit, get in _HEADER:
        if not context.composed or limit.path in _OF_RED_LETTERS:
            yield from _check_shown(limit.path, get(draft), limit.zh, limit.en)
    if context.composed:
        return
    for index, line in enumerate(draft.lines):
        for limit, get in _LINE:
            path = f"/lines/{index}{limit.path}"
            yield from _check_shown(path, get(line), limit.zh, limit.en)


def check_element_shown(draft: Draft, context: Context) -> Iterator[Violation]:
    """The same for every text of the element."""
    if draft.element is not None and not context.composed:
        for path, field, text in _texts_of(draft.element, "/element"):
            yield from _check_shown(path, text, field, field)


def check_line_texts(draft: Draft, context: Context) -> Iterator[Violation]:
    """The same for every text of every line."""
    for index, line in enumerate(draft.lines):
        for limit, get in _LINE:
            text = get(line)
            if text or limit.required:
                path = f"/lines/{index}{limit.path}"
                yield from _check_text(limit, path, text, limit.hard)


def check_characters(draft: Draft, context: Context) -> Iterator[Violation]:
    """Forbidden characters only: all that is asked of texts that come from outside."""
    for limit, get in _HEADER:
        yield from _check_characters(limit.path, get(draft), limit.zh, limit.en)
    for index, line in enumerate(draft.lines):
        for limit, get in _LINE:
            path = f"/lines/{index}{limit.path}"
            yield from _check_characters(path, get(line), limit.zh, limit.en)


def check_element_texts(draft: Draft, context: Context) -> Iterator[Violation]:
    """Hard limit and forbidden characters for every text of the element, rows included."""
    if draft.element is not None:
        for path, field, text in _texts_of(draft.element, "/element"):
            if len(text) > ELEMENT_TEXT_MAX:
                yield _too_long(path, field, field, len(text), ELEMENT_TEXT_MAX)
            yield from _check_characters(path, text, field, field)


def _texts_of(struct: msgspec.Struct, path: str) -> Iterator[tuple[str, str, str]]:
    """The path, the field and the text of every text in it, rows included."""
    for field in struct.__struct_fields__:
        value = getattr(struct, field)
        place = f"{path}/{field}"
        if isinstance(value, str):
            yield place, field, value
        elif isinstance(value, tuple):
            for index, row in enumerate(value):
                yield from _texts_of(row, f"{place}/{index}")


def _hard_limit(limit: TextLimit, draft: Draft) -> int:
    if limit.path == "/remark" and draft.reversal is not None:
        return RED_REMARK_MAX
    return limit.hard


def _check_text(limit: TextLimit, path: str, text: str, hard: int) -> Iterator[Violation]:
    if limit.required and not text.strip():
        yield objection("text-missing", path, zh_field=limit.zh, en_field=limit.en)
    elif len(text) > hard:
        yield _too_long(path, limit.zh, limit.en, len(text), hard)
    elif limit.web is not None and len(text) > limit.web:
        yield objection(
            "text-too-long-for-web",
            path,
            zh_field=limit.zh,
            en_field=limit.en,
            length=len(text),
            limit=limit.web,
        )
    yield from _check_characters(path, text, limit.zh, limit.en)


def _check_characters(path: str, text: str, zh: str, en: str) -> Iterator[Violation]:
    """One objection a text, for its first forbidden character.  A remark may have line breaks."""
    if text.isprintable():
        return
    if path == "/remark":
        text = text.replace("\n", " ")
    if found := _FORBIDDEN.search(text):
        yield objection(
            "text-forbidden-character",
            path,
            zh_field=zh,
            en_field=en,
            place=found.start() + 1,
            character=f"U+{ord(found.group()):04X}",
        )


def _check_shown(path: str, text: str, zh: str, en: str) -> Iterator[Violation]:
    """One objection a text, for the first character that is in no font of ours."""
    place = first_unshown(text)
    if place is not None and not _FORBIDDEN.match(text[place]):  # which has its own objection
        yield objection(
            "text-character-not-shown",
            path,
            zh_field=zh,
            en_field=en,
            place=place + 1,
            character=name_of(text[place]),
        )


def _too_long(path: str, zh: str, en: str, length: int, limit: int) -> Violation:
    return objection("text-too-long", path, zh_field=zh, en_field=en, length=length, limit=limit)
