"""What this house makes, this house reads: of every kind, and rightly."""

import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from kaipiao.delivery.readers.report import DocumentReport, is_false, read_report
from kaipiao.delivery.readers.verdict import Outcome, Rule
from kaipiao.delivery.renditions.make import Press
from kaipiao.fiscal.draft import Draft
from tests.made_documents import packed, unpacked
from tests.strategies import lawful_draft, lawful_drafts
from tests.unit.delivery.renditions.einvoice.proven import proven, sign_here

SOURCE = proven(lawful_draft())
SIGNED = Press(sign_here).render(SOURCE, "xml")
OFD = Press(sign_here).render(SOURCE, "ofd")
ABSENT = "absent"


def verdicts(data: bytes) -> dict[Rule, Outcome]:
    return {rule: found.verdict for rule, found in read_report(data).verdicts.items()}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("xml", {"seal": "right", "evidence": "right"}),
        ("xbrl", {"seal": ABSENT, "evidence": ABSENT}),
        ("pdf", {"page": "unknown", "seal": "right", "evidence": "right"}),
        ("ofd", {"page": "right", "digests": "right", "seal": "right", "evidence": "right"}),
        ("png", {"qr": "right", "number": "right"}),
    ],
)
def test_every_kind_that_we_make_is_read(kind: str, told: dict[Rule, Outcome]) -> None:
    data = Press(sign_here).render(SOURCE, kind)

    assert {rule: verdicts(data)[rule] for rule in told} == told
    assert verdicts(data)["issued"] == "unknown"
    assert not is_false(read_report(data))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lawful_drafts())
def test_what_is_read_is_what_was_issued(draft: Draft) -> None:
    source = proven(draft)
    totals = source.invoice.totals
    for kind in ("xml", "xbrl", "ofd"):
        report = read_report(Press().render(source, kind))

        assert isinstance(report, DocumentReport)
        told = report.fields
        assert (told.number, told.kind) == (source.invoice.number, draft.kind)
        assert (told.seller.name, told.buyer.name) == (draft.seller.name, draft.buyer.name)
        assert (told.net_fen, told.tax_fen, told.gross_fen) == (
            totals.net_fen,
            totals.tax_fen,
            totals.gross_fen,
        )
        assert report.verdicts["arithmetic"].verdict == "right"


def test_a_changed_text_breaks_evidence_and_signature_both() -> None:
    changed = SIGNED.replace(b"<ItemName>*", b"<ItemName>*x", 1)

    report = read_report(changed)

    assert report.verdicts["evidence"].verdict == "wrong"
    assert report.verdicts["evidence"].violations[0].code == "shown-differs"
    assert report.verdicts["seal"].violations[0].code == "document-signature-wrong"


def test_a_file_without_its_evidence_claims_none() -> None:
    stripped = re.sub(rb"<PlatformEvidence>.*</PlatformEvidence>", b"", SIGNED, flags=re.DOTALL)

    assert (verdicts(stripped)["evidence"], verdicts(stripped)["seal"]) == (ABSENT, ABSENT)


def test_evidence_of_a_form_we_do_not_know_is_unknown() -> None:
    newer = SIGNED.replace(b"kaipiao-einvoice-1", b"kaipiao-einvoice-9")

    assert verdicts(newer)["evidence"] == "unknown"


def test_another_invoice_in_a_sealed_package_is_found() -> None:
    parts = unpacked(OFD)
    (place,) = [name for name, content in parts.items() if b"<EInvoice" in content]
    other = proven(msgspec.structs.replace(lawful_draft(), remark="另一张"))
    swapped = packed(parts | {place: Press(sign_here).render(other, "xml")})

    assert verdicts(swapped)["evidence"] == "right"  # by itself it is
    assert verdicts(swapped)["digests"] == "wrong"
