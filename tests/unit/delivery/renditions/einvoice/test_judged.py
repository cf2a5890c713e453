"""``kaipiao verify`` of our XML: genuine is genuine, and whatever was changed is found."""

import re
import time
from base64 import b64decode, b64encode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.base.canonical import canonical
from kaipiao.base.markup import parse_xml
from kaipiao.cli.judged import Found, judge_document
from kaipiao.delivery.renditions.einvoice.carried import parse_carried
from kaipiao.delivery.renditions.einvoice.check import DIFFERENCES_MAX
from kaipiao.delivery.renditions.einvoice.leaves import leaves_of
from kaipiao.delivery.renditions.einvoice.write import render, render_einvoice
from kaipiao.delivery.renditions.make import Press
from kaipiao.fiscal.draft import Draft
from tests.strategies import lawful_draft, lawful_drafts, make_line
from tests.unit.delivery.renditions.einvoice.proven import VKEY, proven, sign_here
from tests.unit.evidence.fakes import make_signer

DRAFT = lawful_draft()
SIGNED = render(proven(DRAFT), Press(sign_here))
OTHER = lawful_draft(remark="另一张")


def judged(xml: bytes, vkey: str = VKEY, draft: Draft | None = None) -> Found:
    return judge_document(xml, vkey, draft_bytes=canonical(draft) if draft else None)


def codes(found: Found) -> set[str]:
    assert found.genuine == (not found.faults)
    return {fault.rpartition("(")[2].rstrip(")") for fault in found.faults}


@settings(max_examples=40)
@given(lawful_drafts(), st.booleans())
def test_what_we_write_is_genuine(draft: Draft, is_signed: bool) -> None:
    source = proven(draft)
    found = judged(render(source, Press(sign_here if is_signed else None)))

    assert found.genuine, found.faults
    assert (found.number, found.gross_fen) == (
        source.invoice.number,
        source.invoice.totals.gross_fen,
    )


def test_white_space_and_encoding_are_not_content() -> None:
    pretty = re.sub(rb"\n\s*", b"\n\t\t", SIGNED)
    gbk = SIGNED.decode().replace('encoding="utf-8"', 'encoding="GB18030"').encode("gb18030")

    assert judged(pretty).genuine
    assert judged(gbk).genuine


_VISIBLE = SIGNED.decode().partition("  <PlatformEvidence>")[0]
_TEXTS = [match.span(1) for match in re.finditer(r">([^<>\n]+)</", _VISIBLE)]


@given(st.sampled_from(_TEXTS), st.sampled_from("9甲Z."))
def test_any_text_that_is_shown_and_was_changed_is_found(span: tuple[int, int], sign: str) -> None:
    start, end = span
    text = SIGNED.decode()
    changed = text[start:end][:-1] + sign
    if changed == text[start:end]:
        return
    for xml in (SIGNED, render_einvoice(proven(DRAFT))):  # with a signature, and without
        whole = xml.decode()
        tampered = whole[:start] + changed + whole[end:]
        assert "shown-differs" in codes(judged(tampered.encode()))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"    <AdditionalInformation>", b"    <Gift>1</Gift>\n    <AdditionalInformation>"),
        (
            b"  <TaxSupervisionInfo>",
            b"  <TaxSupervisionInfo><TaxBureauName>X</TaxBureauName>",
        ),
        (b"<Header>", b'<Header kind="x">'),
        (b"  <EInvoiceData>", b"  words\n  <EInvoiceData>"),
        (b"      <Drawer>", b"      <Drawer>x</Drawer>\n      <Drawer>"),
        (b"<Version>0.31</Version>", b""),
    ],
)
def test_what_is_added_or_left_out_is_found(before: bytes, after: bytes) -> None:
    assert before in SIGNED
    assert "shown-differs" in codes(judged(SIGNED.replace(before, after, 1)))


def _carrying(xml: bytes, name: str, content: bytes) -> bytes:
    return re.sub(
        rf"<{name}>[^<]*<".encode(), f"<{name}>{b64encode(content).decode()}<".encode(), xml
    )


def test_another_draft_beside_the_receipt_is_found() -> None:
    """Even where all that is shown fits to it, and the signature is made anew."""
    other = render_einvoice(proven(OTHER))
    receipt = proven(DRAFT).receipt

    assert "digest-differs" in codes(judged(_carrying(other, "Receipt", receipt)))


def test_a_draft_that_is_not_canonical_is_unreadable() -> None:
    draft = msgspec.json.format(canonical(DRAFT))

    assert codes(judged(_carrying(SIGNED, "Draft", draft))) == {"document-unreadable"}


def test_another_time_or_number_is_found() -> None:
    unsigned = render_einvoice(proven(DRAFT))
    later = unsigned.replace(
        b"<IssuedAt>2026-11-25T02:03:04.000000Z", b"<IssuedAt>2026-11-25T02:03:04.000001Z"
    )
    number = unsigned.replace(b"26311000000000000042", b"26311000000000000043")

    assert later != unsigned
    assert codes(judged(later)) == {"shown-differs"}
    assert codes(judged(number)) == {"shown-differs"}


def test_a_file_cut_off_is_no_proof() -> None:
    for length in range(0, len(SIGNED) - 2, 97):
        assert not judged(SIGNED[:length]).genuine


def test_evidence_that_is_damaged_is_said_to_be() -> None:
    carried = parse_carried(SIGNED)
    assert carried is not None
    half = SIGNED.replace(b64encode(carried.draft_bytes), b64encode(carried.draft_bytes[:-9]))
    twice = SIGNED.replace(b"</EInvoice>", b"<PlatformEvidence/></EInvoice>")
    newer = SIGNED.replace(b"kaipiao-einvoice-1", b"kaipiao-einvoice-9")

    for xml in (half, twice, newer, b"<a", b"<EInvoice>"):
        assert codes(judged(xml)) == {"document-unreadable"}


def test_a_draft_that_nobody_can_have_issued_is_refused_and_not_a_crash() -> None:
    line = make_line(net_fen=10**30, quantity="", unit_price="")
    huge = canonical(lawful_draft(lines=(line,)))
    odd = canonical(lawful_draft(kind="odd"))

    for draft in (huge, odd):
        assert codes(judged(_carrying(SIGNED, "Draft", draft))) == {"document-unreadable"}


def test_a_long_file_that_differs_everywhere_is_judged_soon() -> None:
    long = lawful_draft(lines=(make_line(),) * 2_000)
    xml = render_einvoice(proven(long))
    began = time.process_time()
    more = judged(xml.replace(b"    <IssuItem", b"    <Gift>1</Gift>\n    <IssuItem"))
    other = judged(xml.replace(b"100.00", b"100.01"))

    assert codes(more) == codes(other) == {"shown-differs"}
    assert len(more.faults) == len(other.faults) == DIFFERENCES_MAX
    assert time.process_time() - began < 5


def test_a_key_of_another_log_is_not_enough() -> None:
    other = str(make_signer("another.example/log").verifier)

    assert {"other-log", "not-signed-by-key"} <= codes(judged(SIGNED, other))


def test_without_a_receipt_nothing_is_proven() -> None:
    source = msgspec.structs.replace(proven(DRAFT), receipt=b"")

    assert codes(judged(render(source, Press(sign_here)))) == {"receipt-missing"}


def test_the_signature_of_another_content_is_found() -> None:
    """What the draft does not say, only the signature covers: the notice, the salt."""
    changed = SIGNED.replace("示例开票平台".encode(), "别的平台".encode(), 1)

    assert codes(judged(changed)) == {"document-signature-wrong"}
    no_certificate = re.sub(rb"<Certificate>[^<]*<", b"<Certificate>AAAA<", SIGNED)
    assert codes(judged(no_certificate)) == {"document-signature-wrong"}


def test_a_file_of_somebody_else_is_said_to_carry_no_evidence() -> None:
    start, end = SIGNED.index(b"  <PlatformEvidence>"), SIGNED.index(b"</EInvoice>")

    assert codes(judged(SIGNED[:start] + SIGNED[end:])) == {"evidence-missing"}


def test_another_invoice_than_the_one_in_hand_is_found() -> None:
    assert judged(SIGNED, draft=DRAFT).genuine
    assert codes(judged(SIGNED, draft=OTHER)) == {"digest-differs"}


def test_leaves_are_all_that_a_file_says() -> None:
    root = parse_xml(b'<a x="1">t<b> c </b><d/><e><f>g</f></e>u</a>')

    assert leaves_of(root, without="e") == [
        ("@x", "1"), ("#text", "t"), ("b", " c "), ("d", ""), ("#text", "u"),
    ]  # fmt: skip


def test_base64_with_line_breaks_is_still_read() -> None:
    carried = parse_carried(SIGNED)
    assert carried is not None
    encoded = b64encode(carried.receipt.encode())
    broken = b"\r\n ".join(encoded[n : n + 64] for n in range(0, len(encoded), 64))

    assert judged(render_einvoice(proven(DRAFT)).replace(encoded, broken)).genuine
    assert b64decode(encoded).decode() == carried.receipt
