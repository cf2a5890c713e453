"""XMLDSig in our XML: judged by xmlsec1, and by hand with lxml and OpenSSL."""

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from kaipiao.base import der, p256
from kaipiao.delivery.readers.report import read_report
from kaipiao.delivery.readers.ses import certificate_fields
from kaipiao.delivery.renditions.einvoice.xmldsig import NAMESPACE
from kaipiao.delivery.renditions.make import Press
from tests.strangers.provision import debian_program
from tests.strategies import lawful_draft, make_line
from tests.unit.delivery.renditions.invoices import source_of
from tests.unit.delivery.renditions.signers import signing_press

DS = f"{{{NAMESPACE}}}"
SOURCE = source_of(lawful_draft(remark="<&>\r\n尾"), receipt=b"a receipt\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets")


@pytest.fixture(scope="module")
def xml(folder: Path) -> bytes:
    return signing_press(folder).render(SOURCE, "xml")


def is_right(xml: bytes) -> bool:
    """XMLDSig by the book, in the few lines that this one profile needs; shares no code."""
    tree = etree.fromstring(xml)
    (signature,) = tree.iter(f"{DS}Signature")
    info = etree.tostring(signature.find(f"{DS}SignedInfo"), method="c14n", exclusive=True)
    said = base64.b64decode(signature.findtext(f".//{DS}DigestValue"))
    value = base64.b64decode(signature.findtext(f"{DS}SignatureValue"))
    certificate = base64.b64decode(signature.findtext(f".//{DS}X509Certificate"))
    before, parent = signature.getprevious(), signature.getparent()
    tail = signature.tail or ""
    parent.remove(signature)  # and its tail, which is not a part of it
    before.tail = (before.tail or "") + tail
    digest = hashlib.sha256(etree.tostring(tree, method="c14n", exclusive=True)).digest()
    key = certificate_fields(certificate)[5].as_sequence()[1].as_bits()[1:]
    numbers = [int.from_bytes(value[at : at + 32], "big") for at in (0, 32)]
    in_der = der.sequence(*map(der.integer, numbers))
    return digest == said and p256.is_signed(info, signature=in_der, public_key=key)


def test_a_stranger_verifies_it_by_hand(xml: bytes) -> None:
    assert is_right(xml)
    assert not is_right(xml.replace("尾".encode(), "头".encode(), 1))
    assert not is_right(xml.replace(b"<Drawer>", b"<Drawer> ", 1)), "white space counts here"


def test_xmlsec1_verifies_it(xml: bytes, folder: Path, tmp_path: Path) -> None:
    program = str(debian_program("xmlsec1", "xmlsec1"))
    ask = [program, "--verify", "--trusted-pem", str(folder / "documents.crt"), "it.xml"]
    (tmp_path / "it.xml").write_bytes(xml)
    done = subprocess.run(ask, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (tmp_path / "it.xml").write_bytes(xml.replace("尾".encode(), "头".encode(), 1))
    assert subprocess.run(ask, cwd=tmp_path, capture_output=True).returncode != 0


def test_nothing_else_of_the_file_is_touched(xml: bytes, folder: Path) -> None:
    press = signing_press(folder)
    press.plain = None
    without = press.render(SOURCE, "xml").decode()
    start, end = xml.index(b"      <ds:Signature"), xml.index(b"</ds:Signature>\n")
    rest = (xml[:start] + xml[end + len(b"</ds:Signature>\n") :]).decode()

    def but_value(text: str) -> list[str]:  # of SM2 no two are the same
        return [row for row in text.splitlines() if "<Value>" not in row]

    assert but_value(rest) == but_value(without)


def test_our_reader_finds_both_right_and_the_file_genuine(xml: bytes) -> None:
    verdicts = read_report(xml).verdicts

    assert verdicts["seal"].verdict == "right"
    assert verdicts["evidence"].verdict == "right"


def test_it_stands_where_genuine_files_have_nothing(xml: bytes) -> None:
    tree = etree.fromstring(xml)
    (signature,) = tree.iter(f"{DS}Signature")
    above = [one.tag for one in signature.iterancestors()]

    assert above == ["Signature", "PlatformEvidence", "EInvoice"]
    assert [one.tag for one in tree] == [
        *(one.tag for one in etree.fromstring(Press().render(SOURCE, "xml")))
    ]


def test_two_thousand_lines_are_signed(folder: Path) -> None:
    long = source_of(lawful_draft(lines=(make_line(),) * 2_000))

    assert is_right(signing_press(folder).render(long, "xml"))
