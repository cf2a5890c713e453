"""A sheet of invoices to issue, as drafts: 基本信息 holds one row an invoice, 明细 its lines.

The rows of the two are joined by 发票流水号, which is also the idempotency key, so a file may be
sent again after any interruption.  Every fault of an invoice is told at once, and a faulty
invoice never spoils its neighbours.  Whether a draft is lawful is not asked here.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kaipiao.delivery.sheets.cells import Row
from kaipiao.delivery.sheets.draft import Defaults, draft_of
from kaipiao.delivery.sheets.layout import BASIC, DETAIL, KEY
from kaipiao.delivery.sheets.rows import read_extras, read_rows
from kaipiao.delivery.sheets.workbook import Workbook
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.violation import Violation

_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_NOTHING = Defaults()


class SheetInvoice(NamedTuple):
    """One invoice of a sheet: where it stands, its key, and the draft or all its faults."""

    where: str
    key: str
    read: Draft | list[Violation]


def read_sheet(data: bytes, defaults: Defaults = _NOTHING) -> Iterator[SheetInvoice]:
    """The invoices of a workbook, in the order of 基本信息; lines without one come last.

    Raises:
        Unreadable: at once: not an XLSX within limits, or without the sheets and headings.
    """
    book = Workbook(data)
    invoices = list(read_rows(book, BASIC, "基本信息"))
    lines: dict[str, list[Row]] = {}
    for row in read_rows(book, DETAIL, "明细"):
        lines.setdefault(row.text(KEY), []).append(row)
    return _joined(invoices, lines, read_extras(book), defaults)


def _joined(
    invoices: Iterable[Row],
    lines: dict[str, list[Row]],
    extras: dict[str, str],
    defaults: Defaults,
) -> Iterator[SheetInvoice]:
    seen: set[str] = set()
    for row in invoices:
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
        yield _invoice(row, key, lines.get(key, []), defaults)
    for key, orphans in lines.items():
        if key not in seen:
            orphans[0].fault(
                KEY,
                "sheet-line-orphaned",
                zh="流水号在发票基本信息中不存在",
                en="has a key that no invoice has",
            )
            yield SheetInvoice(orphans[0].where, key, orphans[0].faults)


def _invoice(row: Row, key: str, lines: list[Row], defaults: Defaults) -> SheetInvoice:
    """The draft of one row and its lines, or every fault of all of them."""
    _check_key(row, key, lines)
    draft = draft_of(row, lines, defaults)
    faults = [fault for one in (row, *lines) for fault in one.faults]
    return SheetInvoice(row.where, key, faults or draft)


def _check_key(row: Row, key: str, lines: list[Row]) -> None:
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
