"""A sheet of invoices to issue, as drafts: 基本信息 holds one row an invoice, 明细 its lines.

The rows are joined by 发票流水号, which is also the idempotency key, so a file may be sent again
after any interruption.  Every fault of an invoice is told at once, and a faulty invoice never
spoils its neighbours.  Whether a draft is lawful is not asked here.

A table in which all columns stand side by side (every CSV is one) holds one row a line; what
describes the invoice stands in its first row, and may be repeated in the others.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kaipiao.base.archive import is_zip
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.sheets.book import Book
from kaipiao.delivery.sheets.cells import Row
from kaipiao.delivery.sheets.draft import Defaults, Origin, draft_of
from kaipiao.delivery.sheets.layout import (
    BASIC_LAYOUT,
    DETAIL_LAYOUT,
    ELEMENT_LAYOUT,
    FLAT_LAYOUT,
    KEY,
    heading_of,
)
from kaipiao.delivery.sheets.rows import read_all_rows, read_rows, tab_of
from kaipiao.delivery.sheets.table import TextTable
from kaipiao.delivery.sheets.workbook import Workbook
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.violation import Violation

EXTRA_TAB = "附加要素"
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_NOTHING = Defaults()
_COMPOUND = b"\xd0\xcf\x11\xe0"
"""How an .xls begins."""


class SheetInvoice(NamedTuple):
    """One invoice of a sheet: where it stands, its key, and the draft or all its faults."""

    where: str
    key: str
    read: Draft | list[Violation]
    origin: Origin


def open_book(data: bytes) -> Book:
    """The tables of a file, whatever its name says.

    Raises:
        Unreadable: neither an XLSX nor a CSV within limits.
    """
    if is_zip(data):
        return Workbook(data)
    if data.startswith(_COMPOUND):
        raise Unreadable(
            "",
            zh="不支持旧版 .xls。请在表格软件中另存为 .xlsx 后重试。",
            en="old .xls workbooks are not read. Save it as .xlsx in your spreadsheet program.",
        )
    return TextTable(data)


def is_flat(book: Book) -> bool:
    """Whether everything stands in one table."""
    return tab_of(book, BASIC_LAYOUT) is None


class Invoices:
    """The invoices of a file: how many, and each of them, once."""

    def __init__(self, total: int, each: Iterator[SheetInvoice]) -> None:
        self._total = total
        self._each = each

    def __len__(self) -> int:
        return self._total

    def __iter__(self) -> Iterator[SheetInvoice]:
        return self._each


def read_sheet(data: bytes, defaults: Defaults = _NOTHING) -> Invoices:
    """The invoices of a file, in the order of 基本信息; lines without one come last.

    Raises:
        Unreadable: at once: not a sheet within limits, or without the tables and headings.
    """
    return read_book(open_book(data), defaults)


def read_book(book: Book, defaults: Defaults = _NOTHING) -> Invoices:
    """As ``read_sheet``."""
    if is_flat(book):
        grouped = _by_key(list(read_rows(book, FLAT_LAYOUT)))
        return Invoices(len(grouped), _flat(grouped, defaults))
    basic = list(read_rows(book, BASIC_LAYOUT))
    details = _by_key(list(read_rows(book, DETAIL_LAYOUT)))
    elements = _by_key(list(read_all_rows(book, ELEMENT_LAYOUT)))
    keys = {row.text(KEY) for row in basic}
    orphans = len(details.keys() - keys) + len(elements.keys() - keys)
    each = _joined(basic, details, elements, read_extras(book), defaults)
    return Invoices(len(basic) + orphans, each)


def read_extras(book: Book) -> dict[str, str]:
    """By key, the first place on a sheet 附加要素, which we cannot carry over.

    The tax bureau's template has one, mostly empty.  What is filled in there belongs on the
    invoice, so it must not be dropped in silence.
    """
    extras: dict[str, str] = {}
    for name in book.names:
        if EXTRA_TAB not in name:
            continue
        place = -1
        for number, cells in book.rows(name):
            headings = [heading_of(cell) for cell in cells]
            if place < 0:
                place = headings.index(KEY) if KEY in headings else -1
            elif cells[place] != "":
                row = Row(name, number, {KEY: place}, {KEY: cells[place]})
                extras.setdefault(row.text(KEY), row.where)
    return extras


def _by_key(rows: Sequence[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.text(KEY), []).append(row)
    return grouped


def _joined(
    basic: Sequence[Row],
    details: dict[str, list[Row]],
    elements: dict[str, list[Row]],
    extras: dict[str, str],
    defaults: Defaults,
) -> Iterator[SheetInvoice]:
    seen: set[str] = set()
    for row in basic:
        key = row.text(KEY)
        if key in seen:
            row.fault(KEY, "sheet-key-repeated", zh="流水号重复", en="is a key used twice")
        seen.add(key)
        if key in extras:
            row.fault(
                KEY,
                "sheet-extra-unsupported",
                zh=f"在 {extras[key]} 另有内容, 尚不能随表格开具。请删除该行, 或以 JSON 提交",
                en=f"has more at {extras[key]}, which a sheet cannot carry over. Delete that row "
                "or send the invoice as JSON",
            )
        yield _invoice(Origin(row, details.get(key, ()), elements.get(key, ())), key, defaults)
    for orphans in (details, elements):
        for key, rows in orphans.items():
            if key not in seen:
                yield _orphan(key, rows)


def _orphan(key: str, rows: Sequence[Row]) -> SheetInvoice:
    rows[0].fault(
        KEY,
        "sheet-line-orphaned",
        zh="流水号在发票基本信息中不存在",
        en="has a key that no invoice has",
    )
    return SheetInvoice(rows[0].where, key, rows[0].faults, Origin(rows[0], rows[1:]))


def _flat(grouped: dict[str, list[Row]], defaults: Defaults) -> Iterator[SheetInvoice]:
    described = BASIC_LAYOUT.known - {KEY}
    for key, rows in grouped.items():
        for other in rows[1:]:
            _check_same(rows[0], other, described)
        elements = [row for row in rows if row.holds(ELEMENT_LAYOUT.known - {KEY})]
        yield _invoice(Origin(rows[0], rows, elements), key, defaults)


def _check_same(first: Row, other: Row, described: frozenset[str]) -> None:
    """What describes the invoice may be repeated; it may not change half way."""
    for heading in sorted(described) if other.holds(described) else ():
        if other.text(heading) not in ("", first.text(heading)):
            other.fault(
                heading,
                "sheet-header-differs",
                zh=f"与同一流水号的第 {first.number} 行不一致。请改为相同, 或留空",
                en=f"differs from row {first.number} of the same invoice. Make it the same, "
                "or leave it empty",
            )


def _invoice(origin: Origin, key: str, defaults: Defaults) -> SheetInvoice:
    """The draft of an invoice's rows, or every fault of all of them."""
    row = origin.basic
    _check_key(row, key, origin.details)
    draft = draft_of(origin, defaults)
    faults = [fault for one in rows_of(origin) for fault in one.faults]
    return SheetInvoice(row.where, key, faults or draft, origin)


def rows_of(origin: Origin) -> list[Row]:
    """Every row of an invoice, each once."""
    rows = (origin.basic, *origin.details, *origin.elements)
    return list({id(row): row for row in rows}.values())


def _check_key(row: Row, key: str, lines: Sequence[Row]) -> None:
    if row.needed(KEY) and not _KEY.fullmatch(key):
        row.fault(
            KEY,
            "sheet-key-malformed",
            zh="流水号须为1至128个可见ASCII字符 (字母、数字、符号, 不含空格)",
            en="must be 1 to 128 visible ASCII characters",
        )
    if key and not lines:
        row.fault(
            KEY, "sheet-lines-missing", zh="没有对应的明细行", en="has no line in the details"
        )
