"""``kaipiao verify`` of our OFD: the XML inside decides, and the package may not differ from it."""

import re
from pathlib import Path

from kaipiao.cli.judged import Found
from kaipiao.cli.judged_ofd import judge_ofd
from kaipiao.delivery.renditions.make import Press
from tests.journeys.cells import kaipiao
from tests.made_documents import packed, unpacked
from tests.strategies import lawful_draft
from tests.unit.delivery.renditions.einvoice.proven import VKEY, proven, sign_here
from tests.unit.delivery.renditions.invoices import NUMBER, source_of
from tests.unit.delivery.renditions.ofd.made import sign, signed_ofd
from tests.unit.evidence.fakes import make_signer

SOURCE = proven(lawful_draft())
OFD = Press(sign_here).render(SOURCE, "ofd")
PARTS = unpacked(OFD)
XML = f"Doc_0/Attachs/{NUMBER}.xml"
PAGE = "Doc_0/Pages/Page_0/Content.xml"


def judged(data: bytes, vkey: str = VKEY) -> Found:
    found = judge_ofd(data, vkey, draft_bytes=None)
    assert found.genuine == (not found.faults)
    return found


def test_as_it_is_handed_out_it_is_genuine() -> None:
    for kind in ("ofd", "ofd-xbrl"):
        for press in (Press(sign_here), Press()):
            found = judged(press.render(SOURCE, kind))

            assert found.genuine, found.faults
            assert found.number == NUMBER
            assert found.page


def test_a_page_that_says_another_total_is_not() -> None:
    forged = PARTS[PAGE].replace("¥1486.11".encode(), "¥9486.11".encode())
    assert forged != PARTS[PAGE]

    unsigned = {name: data for name, data in PARTS.items() if "/Signs/" not in name}
    entry = re.sub(b"<ofd:Signatures>.*</ofd:Signatures>", b"", PARTS["OFD.xml"])

    assert not judged(packed(PARTS | {PAGE: forged})).genuine
    assert not judged(packed(unsigned | {"OFD.xml": entry, PAGE: forged})).genuine


def test_a_change_that_no_tag_points_at_breaks_the_signature() -> None:
    forged = PARTS[PAGE].replace("文件盒".encode(), "保险箱".encode())
    assert forged != PARTS[PAGE]

    assert not judged(packed(PARTS | {PAGE: forged})).genuine


def test_an_xml_of_another_invoice_inside_is_not() -> None:
    other = Press(sign_here).render(proven(lawful_draft(remark="另一张")), "xml")
    edited = PARTS[XML].replace(b"1486.11", b"1486.12")

    for xml in (other, edited):
        assert not judged(packed(PARTS | {XML: xml})).genuine


def test_another_logs_key_or_no_receipt_or_no_xml_is_not() -> None:
    assert not judged(OFD, str(make_signer("other.example/log").verifier)).genuine
    assert not judged(Press(sign).render(source_of(lawful_draft()), "ofd")).genuine
    assert not judged(signed_ofd(lawful_draft())).genuine


def test_what_is_no_ofd_is_unreadable() -> None:
    (fault,) = judged(b"PK\x03\x04nonsense").faults
    assert "document-unreadable" in fault


def test_the_command_says_what_was_not_compared(tmp_path: Path) -> None:
    (tmp_path / "invoice.ofd").write_bytes(OFD)
    (tmp_path / "log.vkey").write_text(VKEY)

    done = kaipiao("verify", tmp_path / "invoice.ofd", "--log-key", tmp_path / "log.vkey")

    assert done.returncode == 0, done.stderr
    assert f"Genuine. Invoice {NUMBER}" in done.stdout
    assert "the rest was not compared" in done.stdout
