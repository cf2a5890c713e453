"""The call that leads to an invoice, made again from the invoice itself.

An original is its own draft.  A red letter was asked for by naming lines and amounts: they are
read off it, so that a shadow takes back just as much, whatever it thinks is left.
"""

from typing import NamedTuple, cast

from kaipiao.continuity.shadow.compare import own_remark
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import Invoice
from kaipiao.fiscal.red_letter import LineAsk, Reason, ReversalAsk


class Issue(NamedTuple):
    """Issue this draft."""

    draft: Draft


class Reverse(NamedTuple):
    """Reverse the invoice that has this number here, and another one there."""

    original: str
    ask: ReversalAsk


def call_of(invoice: Invoice) -> Issue | Reverse:
    """What the shadow is to be asked, under the invoice's own key."""
    reversal = invoice.draft.reversal
    if reversal is None:
        return Issue(invoice.draft)
    # A margin-scheme invoice goes back by whole lines, and says no amounts.
    whole = invoice.draft.margin == "difference"
    lines = tuple(
        LineAsk(line=line, net_fen=None if whole else -amounts.net_fen)
        for line, amounts in zip(reversal.lines, invoice.lines, strict=True)
    )
    ask = ReversalAsk(
        reason=cast(Reason, reversal.reason),
        lines=lines,
        issuer=invoice.draft.issuer,
        remark=own_remark(invoice.draft.remark),
    )
    return Reverse(reversal.original, ask)
