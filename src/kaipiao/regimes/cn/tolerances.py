"""How far what is given may be from what we would compute."""

from datetime import date

from kaipiao.regimes.cn.dated import Dated


class Tolerances(Dated, frozen=True, kw_only=True):
    """All in fen.  A tax is measured against net × rate, half-up; 价税合计 has no tolerance."""

    line_tax_fen: int  # one line's tax
    invoice_tax_fen: int  # the signed sum of the lines' deviations
    product_fen: int  # quantity × unit price against the amount


TOLERANCES: tuple[Tolerances, ...] = (
    Tolerances(
        line_tax_fen=6,
        invoice_tax_fen=127,
        product_fen=1,
        since=date(2016, 5, 1),
        source="unconfirmed: rules of the former tax-control devices; whether the digital "
        "platform still applies 0.06 and 1.27 was not found",
    ),
)
