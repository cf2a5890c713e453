"""A list of issued invoices as a file: a workbook, a table, or an invoice a line.

Numbers, ids and keys are text, amounts are amounts, times are Beijing's.  What a stranger typed
(names, remarks) is never run: a workbook keeps it as text, a CSV gets a mark in front of it.
"""

import csv
import io
from collections.abc import AsyncIterator, Callable

import msgspec

from kaipiao.base.canonical import canonical
from kaipiao.delivery.sheets.book import Cell
from kaipiao.delivery.sheets.file import beijing_text
from kaipiao.delivery.sheets.streamed import StreamedWorkbook, Yuan
from kaipiao.delivery.sheets.table import harmless
from kaipiao.fiscal.invoice import Invoice
from kaipiao.fiscal.listing import ExportFormat
from kaipiao.fiscal.money import format_yuan

PIECE_BYTES = 64 * 1024
"""Bytes are handed on in pieces of about this size."""

EXACT_FEN = 10**15
"""Above it a spreadsheet's number would lose its fen: such an amount is text."""

COLUMNS = (
    ("发票号码", 23), ("开票时间", 20), ("票种", 8), ("销方识别号", 22), ("销方名称", 28),
    ("购方识别号", 22), ("购方名称", 28), ("不含税金额", 14), ("税额", 12), ("价税合计", 14),
    ("项目", 24), ("行数", 6), ("备注", 24), ("开票人", 10), ("被冲红发票号码", 23),
    ("流水号", 24), ("存证序号", 12),
)  # fmt: skip
_KINDS = {"special": "专票", "ordinary": "普票"}


def row_of(invoice: Invoice) -> tuple[Cell, ...]:
    draft, totals = invoice.draft, invoice.totals
    return (
        invoice.number,
        beijing_text(invoice.issued_at),
        _KINDS[draft.kind],
        draft.seller.taxpayer_id,
        draft.seller.name,
        draft.buyer.taxpayer_id,
        draft.buyer.name,
        _yuan(totals.net_fen),
        _yuan(totals.tax_fen),
        _yuan(totals.gross_fen),
        draft.lines[0].name if draft.lines else "",
        len(draft.lines),
        draft.remark,
        draft.issuer,
        draft.reversal.original if draft.reversal else "",
        invoice.key,
        "" if invoice.log_index is None else str(invoice.log_index),
    )


async def write_list(
    invoices: AsyncIterator[Invoice], form: ExportFormat, write: Callable[[bytes], object]
) -> int:
    """Write the file piece by piece as invoices come; how many there were."""
    return await {"xlsx": _workbook, "csv": _table, "ndjson": _lines}[form](invoices, write)


async def _workbook(invoices: AsyncIterator[Invoice], write: Callable[[bytes], object]) -> int:
    sink, count = _Sink(write), 0
    headings = [heading for heading, _ in COLUMNS]
    with StreamedWorkbook(sink) as book:
        book.begin("发票清单", widths=[width for _, width in COLUMNS], head=headings)
        async for invoice in invoices:
            book.write(row_of(invoice))
            count += 1
    sink.empty()
    return count


async def _table(invoices: AsyncIterator[Invoice], write: Callable[[bytes], object]) -> int:
    text, count = io.StringIO(newline=""), 0
    rows = csv.writer(text)
    text.write("\ufeff")
    rows.writerow([heading for heading, _ in COLUMNS])
    async for invoice in invoices:
        rows.writerow([_plain(cell) for cell in row_of(invoice)])
        count += 1
        if text.tell() >= PIECE_BYTES:
            write(_taken(text))
    write(_taken(text))
    return count


async def _lines(invoices: AsyncIterator[Invoice], write: Callable[[bytes], object]) -> int:
    pieces, count = bytearray(), 0
    async for invoice in invoices:
        pieces += msgspec.json.encode(_line(invoice)) + b"\n"
        count += 1
        if len(pieces) >= PIECE_BYTES:
            write(bytes(pieces))
            pieces.clear()
    write(bytes(pieces))
    return count


def _line(invoice: Invoice) -> dict[str, object]:
    """The members of the API's own invoice that nothing else says."""
    totals = invoice.totals
    return {
        "number": invoice.number,
        "issued_at": invoice.issued_at,
        "key": invoice.key,
        "digest": invoice.digest.hex(),
        "draft": msgspec.Raw(canonical(invoice.draft)),
        "totals": {
            "net_fen": totals.net_fen,
            "tax_fen": totals.tax_fen,
            "gross_fen": totals.gross_fen,
        },
        "log_index": invoice.log_index,
    }


def _yuan(fen: int) -> Cell:
    return Yuan(fen / 100) if abs(fen) < EXACT_FEN else format_yuan(fen)


def _plain(cell: Cell) -> str:
    if isinstance(cell, Yuan):
        return f"{cell:.2f}"
    return harmless(str(cell))


def _taken(text: io.StringIO) -> bytes:
    taken = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return taken


class _Sink(io.RawIOBase):
    """Gathers what a zip writes, and hands it on in pieces."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._out = write
        self._gathered = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._gathered += piece
        if len(self._gathered) >= PIECE_BYTES:
            self.empty()
        return len(piece)

    def empty(self) -> None:
        if self._gathered:
            self._out(bytes(self._gathered))
            self._gathered.clear()
