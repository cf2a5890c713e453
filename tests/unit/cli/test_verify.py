"""``kaipiao verify`` on files: one answer for scripts, whatever the file is."""

import io
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image
from rfc3161_client import TimestampRequestBuilder

from kaipiao.cli.verify import command
from kaipiao.delivery.renditions.einvoice.write import render
from kaipiao.delivery.renditions.make import Press
from kaipiao.evidence.cosignature import Cosigner, compose_line
from kaipiao.evidence.keys import Ed25519Signer
from kaipiao.evidence.timestamp import stamp_line
from kaipiao.fiscal.qr import compose_qr
from tests.authority import authority_up
from tests.strategies import lawful_draft
from tests.unit.delivery.renditions.einvoice.proven import VKEY, proven, sign_here
from tests.unit.evidence.fakes import ORIGIN, make_signer

SOURCE = proven(lawful_draft())
RECEIPT = SOURCE.receipt or b""
XML = render(SOURCE, Press(sign_here))
FORGED = RECEIPT.replace(b"index 5", b"index 4")
WITNESS = Cosigner("bureau.example/w1", bytes(range(32)))


def verify(*arguments: object) -> Result:
    return CliRunner(env={"KAIPIAO_LANG": "en"}).invoke(command, [str(a) for a in arguments])


def told(*arguments: object) -> tuple[int, dict[str, object]]:
    result = verify(*arguments, "--key", VKEY, "--json")
    return result.exit_code, json.loads(result.output)


def cosigned(receipt: bytes) -> bytes:
    text = receipt.decode().split("\n\n")[1] + "\n"
    return receipt + compose_line(WITNESS.cosign(text, seconds=1_790_000_000)).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.receipt").write_bytes(RECEIPT)
    (tmp_path / "b.xml").write_bytes(XML)
    return tmp_path


def test_scripts_are_told_the_grade_and_why(folder: Path) -> None:
    genuine = told(folder / "b.xml")
    (folder / "c.receipt").write_bytes(FORGED)
    forged = told(folder / "c.receipt")

    assert genuine[0] == 0
    assert (genuine[1]["genuine"], genuine[1]["grade"], genuine[1]["why"]) == (True, "E1", [])
    assert forged[0] == 1
    assert (forged[1]["genuine"], forged[1]["grade"]) == (False, "")
    (why,) = forged[1]["why"]  # type: ignore[misc, attr-defined]
    assert why["code"] == "not-in-log"
    assert why["zh"]
    assert why["en"]


def test_what_is_not_there_is_unreadable(tmp_path: Path) -> None:
    assert verify(tmp_path / "a.receipt", "--key", "no key").exit_code != 0
    (tmp_path / "a.receipt").write_bytes(RECEIPT)
    assert verify(tmp_path / "a.receipt", "--key", "no+key+AAAA").exit_code == 2


def test_receipts_of_rotated_keys_are_judged_by_a_file_of_them(folder: Path) -> None:
    other = make_signer(f"{ORIGIN}/2027q1")
    again = Ed25519Signer(ORIGIN, bytes(32))  # the same name, another key
    keys = folder / "keys.txt"
    keys.write_text(f"# ours\n{other.verifier}\n\n{again.verifier}\n{VKEY}\n")

    assert verify(folder / "a.receipt", "--key", keys).exit_code == 0
    assert verify(folder / "a.receipt", "--key", other.verifier, "--key", VKEY).exit_code == 0
    assert verify(folder / "a.receipt", "--key", other.verifier).exit_code == 1
    assert verify(folder / "a.receipt", "--key", again.verifier).exit_code == 1


def test_witnesses_that_one_trusts_make_a_better_grade(folder: Path) -> None:
    (folder / "a.receipt").write_bytes(cosigned(RECEIPT))
    policy = folder / "policy"
    policy.write_text(f"log {VKEY}\nwitness w {WITNESS.key}\nquorum w\n")
    graded = json.loads(verify(folder / "a.receipt", "--policy", policy, "--json").output)
    said = verify(folder / "a.receipt", "--policy", policy).output
    policy.write_text(f"witness w {WITNESS.key}\ngroup both all w x\n")

    assert (graded["grade"], graded["witnessed_at"]) == ("E2", "2026-09-21T14:13:20Z")
    assert "Grade E2" in said
    assert told(folder / "a.receipt")[1]["grade"] == "E1"
    assert verify(folder / "a.receipt", "--policy", policy).exit_code == 2


def test_a_time_stamp_that_one_trusts_makes_the_best_grade(folder: Path) -> None:
    witnessed = cosigned(RECEIPT).decode()
    note = witnessed.partition("\n\n")[2]
    policy = folder / "policy"
    policy.write_text(f"log {VKEY}\nwitness w {WITNESS.key}\nquorum w\n")
    with authority_up(folder / "authority") as authority:
        query = TimestampRequestBuilder().data(note.encode()).build()
        token = authority.stamp(query.as_bytes())
        (folder / "a.receipt").write_text(witnessed + stamp_line("tsa.example", token))
        asked = ("--policy", policy, "--tsa", authority.root, "--json")
        graded = json.loads(verify(folder / "a.receipt", *asked).output)
        untold = json.loads(verify(folder / "a.receipt", *asked[:2], "--json").output)

    assert (graded["grade"], untold["grade"]) == ("E3", "E2")
    assert graded["stamped_at"].endswith("Z")
    assert verify(folder / "a.receipt", "--tsa", policy, "--key", VKEY).exit_code == 2


def test_a_folder_is_a_line_for_each_and_a_summary(folder: Path) -> None:
    clean = verify(folder, "--key", VKEY)
    (folder / "more").mkdir()
    (folder / "more" / "c.receipt").write_bytes(FORGED)
    (folder / ".hidden").write_bytes(b"nothing")
    mixed = verify(folder, "--key", VKEY, "--json")
    lines = [json.loads(line) for line in mixed.output.splitlines()]

    assert clean.exit_code == 0
    assert clean.output.endswith("2 in all: 2 genuine, 0 not, 0 undecided.\n")
    assert mixed.exit_code == 1
    assert [line["file"] for line in lines[:-1]] == ["a.receipt", "b.xml", "more/c.receipt"]
    assert lines[-1] == {"summary": {"files": 3, "genuine": 2, "not_genuine": 1, "undecided": 0}}


def test_a_zip_is_judged_as_a_folder_is(folder: Path) -> None:
    package = folder / "month.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.write(folder / "a.receipt", "x/a.receipt")
        archive.writestr("x/b.xml", XML.replace(b"<TotalTaxAm>", b"<TotalTaxAm>1"))
    result = verify(package, "--key", VKEY)

    assert result.exit_code == 1
    assert result.output.splitlines()[0].startswith("✓ x/a.receipt")
    assert "1 genuine, 1 not" in result.output


def test_a_file_that_cannot_be_opened_leaves_the_rest_judged(folder: Path) -> None:
    (folder / "a-dead-end").symlink_to(folder / "a-dead-end")
    package = folder / "month.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("a.receipt", RECEIPT)
        archive.writestr("b.receipt", RECEIPT)
    content = package.read_bytes()
    package.write_bytes(content.replace(RECEIPT, RECEIPT[:-9] + b"different", 1))
    result = verify(package, "--key", VKEY)

    assert verify(folder, "--key", VKEY).output.count("✓") == 2
    assert result.exit_code == 2
    assert "1 genuine, 0 not, 1 undecided" in result.output


def test_a_folder_with_nothing_in_it_is_no_success(tmp_path: Path) -> None:
    assert verify(tmp_path, "--key", VKEY).exit_code == 2


def test_a_code_tells_how_to_ask(tmp_path: Path) -> None:
    text = compose_qr(
        qr_type="32", number="26311000000000000042", gross_fen=11_300, day=date(2026, 11, 24)
    )
    (tmp_path / "code.txt").write_text(text)
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    Image.fromarray(barcode.to_image(scale=4)).save(tmp_path / "code.png")

    for name in ("code.txt", "code.png"):
        code, answer = told(tmp_path / name)
        assert code == 2
        assert (answer["genuine"], answer["undecided"], answer["grade"]) == (False, True, "")
        (why,) = answer["why"]  # type: ignore[misc, attr-defined]
        assert why["code"] == "only-fields"
        assert "--number 26311000000000000042 --date 2026-11-24 --amount 113.00" in why["en"]


def test_a_code_with_a_whole_receipt_is_judged(tmp_path: Path) -> None:
    barcode = zxingcpp.create_barcode(RECEIPT.decode(), zxingcpp.BarcodeFormat.QRCode)
    Image.fromarray(barcode.to_image(scale=4)).save(tmp_path / "code.png")

    assert told(tmp_path / "code.png")[1]["genuine"] is True


def test_a_picture_without_a_code_decides_nothing(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("L", (50, 50)).save(file, "PNG")
    (tmp_path / "nothing.png").write_bytes(file.getvalue())

    code, answer = told(tmp_path / "nothing.png")
    assert code == 2
    assert answer["undecided"] is True
