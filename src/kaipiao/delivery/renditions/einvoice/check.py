"""Whether what one of our XML files shows is what its evidence says.

The visible part is made again from the carried draft and compared leaf by leaf: a changed,
added, moved or missing element is found, whatever it is called.
"""

from collections.abc import Iterator
from datetime import datetime
from difflib import SequenceMatcher
from itertools import islice, takewhile
from typing import NamedTuple
from xml.etree.ElementTree import Element

from kaipiao.base.markup import parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.ses import is_signed_by
from kaipiao.delivery.renditions.einvoice.carried import Carried
from kaipiao.delivery.renditions.einvoice.evidence import NAME
from kaipiao.delivery.renditions.einvoice.leaves import Leaves, canonical_leaves, leaves_of
from kaipiao.delivery.renditions.einvoice.visible import compose_visible
from kaipiao.delivery.renditions.einvoice.write import ROOT, SIGNATURE
from kaipiao.fiscal.invoice import Amounts, totals_of
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.settle import settle

DIFFERENCES_MAX = 20
"""Told at most: whoever changed more will find these."""


LEAVES_MATCHED = 400
"""Where leaves are missing or too many, so many are set side by side, from the first that differs:
what that costs grows with the square of it.
"""

PATH_SHOWN, TEXT_SHOWN = 80, 60
"""Characters of a path and of a text, as they are told."""


class DocumentFault(NamedTuple):
    """One thing that is wrong; ``code`` is stable."""

    code: str
    zh: str
    en: str


class Difference(NamedTuple):
    """One place where the file shows something else; ``due`` or ``shown`` is empty if only one
    of the two has it.
    """

    path: str
    shown: str
    due: str


def check_document(root: Element, carried: Carried) -> list[DocumentFault]:
    """Everything that is wrong with the file by itself, without the log.  Raises Unreadable."""
    faults = [_differs(difference) for difference in check_shown(root, carried)]
    if carried.signature and not is_signature_right(root, carried):
        zh = f"文件的签名 ({carried.signed_by[:80]}) 与内容不符"
        en = f"the file's own signature ({carried.signed_by[:80]}) is not over this content"
        faults.append(DocumentFault("document-signature-wrong", zh, en))
    return faults


def check_logged(
    carried: Carried, *, number: str, issued_at: datetime, totals: Amounts
) -> list[DocumentFault]:
    """Whether the carried draft is what a receipt, which says this, is about."""
    due = totals_of(settle(carried.draft))
    pairs = (
        ("EIid", carried.number, number),
        ("IssuedAt", carried.issued_at.isoformat(), issued_at.isoformat()),
        ("TotalAmWithoutTax", format_yuan(due.net_fen), format_yuan(totals.net_fen)),
        ("TotalTaxAm", format_yuan(due.tax_fen), format_yuan(totals.tax_fen)),
    )
    return [
        _differs(Difference(path, said, logged)) for path, said, logged in pairs if said != logged
    ]


def check_shown(root: Element, carried: Carried) -> list[Difference]:
    """Where the visible part differs from the carried draft; none means that it does not.

    Raises:
        Unreadable: the carried draft is one that nobody can have issued.
    """
    shown, due = leaves_of(root, without=NAME), due_leaves(carried)
    return [] if shown == due else list(islice(_differences(shown, due), DIFFERENCES_MAX))


def due_leaves(carried: Carried) -> Leaves:
    """What the visible part should be.

    Raises:
        Unreadable: the carried draft is one that nobody can have issued.
    """
    draft = carried.draft
    try:
        visible = compose_visible(carried.number, carried.issued_at, draft, settle(draft))
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError):
        raise Unreadable(
            NAME,
            zh="存证中的草稿不可能开具过。请向开票方重新索取原始文件。",
            en="no invoice can have been issued from the draft inside. Ask the issuer for the "
            "original file.",
        ) from None
    return leaves_of(parse_xml(f"<{ROOT}>{visible}</{ROOT}>".encode()), without=NAME)


def is_signature_right(root: Element, carried: Carried) -> bool:
    """Whether the certificate inside the file made the signature inside it, over all the rest.

    Whose certificate it is, it says itself: this finds changes, the receipt proves the issuing.
    """
    covered = canonical_leaves(leaves_of(root, without=SIGNATURE))
    try:
        return is_signed_by(covered, carried.signature, carried.certificate)
    except (ValueError, IndexError):  # what should be a certificate is none
        return False


def _differs(difference: Difference) -> DocumentFault:
    path = difference.path.removeprefix("EInvoiceData/")[:PATH_SHOWN]
    shown, due = difference.shown[:TEXT_SHOWN], difference.due[:TEXT_SHOWN]
    return DocumentFault(
        "shown-differs",
        f"{path}: 文件显示“{shown}”, 存证为“{due}”",
        f"{path}: the file shows {shown!r}, the evidence says {due!r}",
    )


def _differences(shown: Leaves, due: Leaves) -> Iterator[Difference]:
    if len(shown) == len(due):
        for (path, text), (due_path, due_text) in zip(shown, due, strict=True):
            if (path, text) != (due_path, due_text):
                yield Difference(due_path, text if path == due_path else "", due_text)
        return
    same = takewhile(lambda pair: pair[0] == pair[1], zip(shown, due, strict=False))
    start = sum(1 for _ in same)
    near, near_due = shown[start : start + LEAVES_MATCHED], due[start : start + LEAVES_MATCHED]
    for tag, first, end, due_first, due_end in SequenceMatcher(
        None, near, near_due, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            yield from (Difference(path, text, "") for path, text in near[first:end])
            yield from (Difference(path, "", text) for path, text in near_due[due_first:due_end])
