"""The value that is a face: finished texts, row by row and page by page."""

from datetime import datetime
from typing import Literal

import msgspec

from kaipiao.fiscal.money import format_yuan

Align = Literal["left", "center", "right"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """What all parts share: made once, never changed."""


class Column(_Part, frozen=True, kw_only=True):
    title: str
    width_mm: float
    align: Align = "left"


class Row(_Part, frozen=True, kw_only=True):
    """One row: for each column its lines of text, already broken to fit.

    ``net_fen`` and ``tax_fen`` are what it adds to the page's subtotal.
    """

    cells: tuple[tuple[str, ...], ...]
    net_fen: int = 0
    tax_fen: int = 0

    @property
    def line_count(self) -> int:
        return max(map(len, self.cells))


class Table(_Part, frozen=True, kw_only=True):
    """Rows under their columns.  ``is_items``: the invoice's lines, which have subtotals."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    is_items: bool = False


class Sums(_Part, frozen=True, kw_only=True):
    """小计 or 合计, as printed."""

    net: str
    tax: str


class Page(_Part, frozen=True, kw_only=True):
    """What one page shows between the parties and its foot.

    ``subtotal`` is None on the only page, and where no line of the invoice stands.  Totals
    and remark stand on the last page.
    """

    tables: tuple[Table, ...]
    subtotal: Sums | None = None


class PartyFace(_Part, frozen=True, kw_only=True):
    """``label`` stands upright beside it: 购买方信息, 销售方信息.  Both have one size of type."""

    label: str
    name: tuple[str, ...]  # broken to fit
    taxpayer_id: str
    size_mm: float
    pitch_mm: float


class Face(_Part, frozen=True, kw_only=True):
    """Everything the printed pages show."""

    title: str  # 电子发票（普通发票）
    tags: tuple[str, ...]  # 建筑服务, 差额征税, 红字: beside the QR code
    number: str
    issued_on: str  # 2026年11月25日
    issued_at: datetime  # UTC; for the document's own dates
    qr: str
    buyer: PartyFace
    seller: PartyFace
    pages: tuple[Page, ...]
    totals: Sums
    gross: str
    words: str  # 壹万陆仟圆整
    remark: tuple[str, ...]  # broken to fit
    issuer: str
    oval: tuple[str, ...]  # the lines of text in the platform's own oval
    notice: str  # at the foot: whose document this is


def sums(net_fen: int, tax_fen: int, *, starred: bool) -> Sums:
    """``starred``: every line is exempt or untaxed, whose tax is printed as ***."""
    tax = "***" if starred else f"¥{format_yuan(tax_fen)}"
    return Sums(net=f"¥{format_yuan(net_fen)}", tax=tax)
