"""A person at a terminal, and a script behind them, read what somebody sent."""

import json
from datetime import date
from pathlib import Path

import pytest

from kaipiao.fiscal.qr import compose_qr
from tests.journeys.cells import kaipiao
from tests.made_documents import NUMBER, einvoice, ofd_parts, packed, sealed, vat2019
from tests.made_pdfs import pdf, with_attached
from tests.made_pictures import photo

QR = compose_qr(qr_type="32", number=NUMBER, gross_fen=11_300, day=date(2026, 11, 24))
SEALED = sealed(ofd_parts(vat2019()))
ZH = {"KAIPIAO_LANG": "zh"}


def written(folder: Path, content: bytes) -> Path:
    path = folder / "document"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (einvoice(), "xml"),
        (packed(SEALED), "ofd"),
        (pdf(with_attached({"a.xml": einvoice()})), "pdf"),
        (QR.encode(), "qr"),
        (photo(QR), "picture"),
    ],
    ids=["xml", "ofd", "pdf", "qr", "picture"],
)
def test_a_script_gets_three_keys_and_an_exit_code(
    tmp_path: Path, content: bytes, kind: str
) -> None:
    done = kaipiao("read", written(tmp_path, content), "--json")

    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert list(told) == ["kind", "fields", "verdicts"]
    assert told["kind"] == kind
    assert {verdict["verdict"] for verdict in told["verdicts"].values()} <= {
        "right",
        "unknown",
        "absent",
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [(einvoice(TotalTaxAm="12.99"), 1), (einvoice(TotalTaxAm="?"), 2), (b"", 2), (b"hello", 2)],
)
def test_false_is_1_and_refused_is_2(tmp_path: Path, content: bytes, code: int) -> None:
    done = kaipiao("read", written(tmp_path, content))

    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_person_is_told_what_it_is_what_it_says_and_each_verdict(tmp_path: Path) -> None:
    changed = packed(SEALED | {"Doc_0/Tags/CustomTags.xml": b"<CustomTags/>"})
    path = written(tmp_path, changed)

    en, zh = kaipiao("read", path).stdout, kaipiao("read", path, env=ZH).stdout

    assert "OFD file" in en
    assert "113.00" in en
    assert "✓ arithmetic: " in en
    assert "✗ digests: something was changed after it was sealed" in en
    assert "Doc_0~1Tags~1CustomTags.xml  digest-wrong" in en
    assert "✓ seal: 2 signatures right; certificate chains were not followed" in en
    assert "? issued: " in en
    assert "OFD 版式文件" in zh
    assert "✗ 摘要: 文件在签章后被改动" in zh
    assert "? 开具状态: 是否真实开具" in zh


def test_standard_input_is_read_for_a_file_and_for_a_qr_text() -> None:
    file = kaipiao("read", "-", "--json", input=einvoice().decode())
    text = kaipiao("read", "--qr", "-", "--json", input=f"{QR},\n")

    assert json.loads(file.stdout)["fields"]["number"] == NUMBER
    told = json.loads(text.stdout)
    assert (told["kind"], told["number"], told["checksum"]) == ("qr", NUMBER, "umts")


def test_a_document_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    """C1 controls are lawful in XML, and move cursors; so do marks that turn a line around."""
    hostile = einvoice(SellerIdNum="\x9b31m\u202e42")

    shown = kaipiao("read", written(tmp_path, hostile)).stdout

    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert "\ufffd31m\ufffd42" in shown


def test_a_refusal_says_why_in_the_readers_language(tmp_path: Path) -> None:
    path = written(tmp_path, b"<!DOCTYPE a><EInvoice/>")

    assert "has a DOCTYPE" in kaipiao("read", path, "--json").stderr
    assert "DOCTYPE, 发票文件不应含有" in kaipiao("read", path, env=ZH).stderr
