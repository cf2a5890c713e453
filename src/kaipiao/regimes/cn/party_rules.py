"""Rules about who sells, who buys, and what a special invoice (专票) may not be."""

from collections.abc import Iterator

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.taxpayer import classify, has_right_check
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.catalogue import objection
from kaipiao.regimes.cn.law import Context


def check_seller_id(draft: Draft, context: Context) -> Iterator[Violation]:
    """The seller's id must have a known shape and a right check character."""
    taxpayer_id = draft.seller.taxpayer_id
    if not taxpayer_id or has_right_check(taxpayer_id):
        return
    wrong = "check-wrong" if classify(taxpayer_id) else "malformed"
    yield objection(
        f"seller-id-{wrong}", "/seller/taxpayer_id", taxpayer_id=_printable(taxpayer_id)
    )


def check_buyer_id(draft: Draft, context: Context) -> Iterator[Violation]:
    """The buyer's id is only doubted: it is the buyer's to know.

    A natural person may have a passport's number, so only a wrong check is doubted there.
    """
    buyer = draft.buyer
    if not buyer.taxpayer_id or has_right_check(buyer.taxpayer_id):
        return
    if buyer.natural_person and classify(buyer.taxpayer_id) is None:
        return
    yield objection(
        "buyer-id-doubtful", "/buyer/taxpayer_id", taxpayer_id=_printable(buyer.taxpayer_id)
    )


def check_buyer_is_not_seller(draft: Draft, context: Context) -> Iterator[Violation]:
    if draft.buyer.taxpayer_id and draft.buyer.taxpayer_id == draft.seller.taxpayer_id:
        yield objection("buyer-is-seller", "/buyer/taxpayer_id")


def check_special(draft: Draft, context: Context) -> Iterator[Violation]:
    """No special invoice without the buyer's id, to a natural person, or for an exempt sale."""
    if draft.kind != "special":
        return
    if draft.buyer.natural_person:
        yield objection("special-to-natural-person", "/kind")
    elif not draft.buyer.taxpayer_id.strip():
        yield objection("buyer-id-missing", "/buyer/taxpayer_id")
    for index, line in enumerate(draft.lines):
        if line.treatment in ("exempt", "untaxed"):
            yield objection("special-for-exempt", f"/lines/{index}/treatment")
        elif line.treatment == "zero_rated":
            yield objection("special-for-zero-rated", f"/lines/{index}/treatment")


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)
