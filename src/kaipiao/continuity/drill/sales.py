"""What callers ask for, and what a right answer to it must say.

The arithmetic here is our own, so that a cell that computes wrongly is not its own witness.
"""

import msgspec

from kaipiao.base.canonical import canonical, digest
from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.sample import company

RICH, POOR = 24, 6
"""Sellers with plenty of credit, and sellers whose credit line is used up on the way."""

PLENTY_FEN = 10**15
POOR_INVOICES = 20
TAX_BP = 1300
FIRST_SELLER, FIRST_BUYER = 2_000_000, 5_000_000
"""Where in the row of invented companies ours stand."""


class Sale(msgspec.Struct, frozen=True):
    """One thing that a caller wants, under a key of its own."""

    seller: str
    key: str
    body: bytes
    digest: str  # hex, of the canonical draft; "" for a red letter, whose draft we do not make
    net_fen: int
    tax_fen: int
    original: str = ""  # for a red letter: the number it takes back

    @property
    def call(self) -> str:
        if self.original:
            return f"POST /v1/invoices/{self.original}/red-letters"
        return "POST /v1/invoices"

    @property
    def name(self) -> tuple[str, str]:
        return self.seller, self.key


class Desk:
    """Makes sales for the sellers of one drill; ``first`` is where their row begins."""

    def __init__(self, first: int = 0) -> None:
        drafts = [compose_draft(first + n) for n in range(RICH + POOR)]
        self._drafts = {draft.seller.taxpayer_id: draft for draft in drafts}
        self.sellers = list(self._drafts)
        self.rich, self.poor = self.sellers[:RICH], self.sellers[RICH:]
        self.hot = self.rich[0]  # everybody sells for this one too: its line is the busiest row

    def limit_fen(self, seller: str) -> int:
        if seller in self.rich:
            return PLENTY_FEN
        net_fen, _ = _totals(self._drafts[seller])
        return net_fen * POOR_INVOICES + net_fen // 2

    def sale(self, seller: str, key: str, *, remark: str = "") -> Sale:
        """An invoice of its own content: no two sales have one digest."""
        draft = msgspec.structs.replace(self._drafts[seller], remark=remark or f"单号 {key}")
        body = canonical(draft)
        net_fen, tax_fen = _totals(draft)
        return Sale(seller, key, body, digest(body).hex(), net_fen, tax_fen)

    def reversal(self, sale: Sale, number: str, key: str) -> Sale:
        body = b'{"reason":"02"}'
        return Sale(sale.seller, key, body, "", -sale.net_fen, -sale.tax_fen, original=number)


def _totals(draft: Draft) -> tuple[int, int]:
    nets = [line.net_fen or 0 for line in draft.lines]
    return sum(nets), sum((net * TAX_BP + 5_000) // 10_000 for net in nets)


def seller_of(index: int) -> Party:
    return company(FIRST_SELLER + index, "电子商贸")


def compose_draft(index: int) -> Draft:
    """The ``index``-th seller's usual sale: two lines, the rate that we compute with."""
    return Draft(
        kind="special",
        seller=seller_of(index),
        buyer=company(FIRST_BUYER + index, "贸易"),
        lines=(
            _line("*终端显示设备*液晶显示器", "1090511010000000000", 80_000 + index),
            _line("*文具*文件盒", "1060401010000000000", 601 + index),
        ),
        issuer="赵示例",
    )


def _line(name: str, tax_class: str, net_fen: int) -> Line:
    return Line(name=name, tax_class=tax_class, rate_bp=TAX_BP, net_fen=net_fen)
