"""The contract for scripts: what ``check``, ``read`` and ``verify`` print, and how they exit."""

import json
from datetime import date
from pathlib import Path

import msgspec
import pytest

from kaipiao.evidence.keys import create_key
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.qr import compose_qr
from tests.journeys.cells import kaipiao
from tests.strategies import lawful_draft

DRAFT = lawful_draft()
WRONG = msgspec.structs.replace(DRAFT, issuer="")


def written(path: Path, *drafts: Draft) -> Path:
    path.write_bytes(b"\n".join(map(msgspec.json.encode, drafts)))
    return path


@pytest.mark.parametrize(
    "drafts, code", [((DRAFT,), 0), ((DRAFT, WRONG), 1), ((WRONG,), 1), ((), 2)]
)
def test_check_exits_by_the_worst_verdict(
    tmp_path: Path, drafts: tuple[Draft, ...], code: int
) -> None:
    assert kaipiao("check", written(tmp_path / "d.ndjson", *drafts)).returncode == code


def test_check_gives_one_verdict_a_line(tmp_path: Path) -> None:
    done = kaipiao("check", written(tmp_path / "d.ndjson", DRAFT, WRONG), "--json")

    clean, broken = map(json.loads, done.stdout.splitlines())
    assert clean == {"line": 1, "ok": True, "violations": []}
    assert (broken["line"], broken["ok"]) == (2, False)
    (violation,) = broken["violations"]
    assert set(violation) == {"code", "path", "zh", "en", "severity"}
    assert violation["path"] == "/issuer"


def test_what_is_no_json_is_unreadable_and_the_rest_is_still_checked(tmp_path: Path) -> None:
    file = written(tmp_path / "d.ndjson", DRAFT, DRAFT)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\n{{{\n"))
    done = kaipiao("check", file, "--json")

    assert done.returncode == 2
    assert [json.loads(line)["ok"] for line in done.stdout.splitlines()] == [True, False, True]


def test_the_rules_of_another_day_can_be_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path / "d.ndjson", DRAFT)

    assert kaipiao("check", file, "--on", "2026-11-24").returncode == 0
    assert kaipiao("check", file, "--on", "1999-01-01").returncode == 1


@pytest.mark.parametrize("crc, checksum", [("", "umts"), ("0000", "unknown"), ("", "unknown")])
def test_a_qr_text_is_read_with_its_checksum_named(crc: str, checksum: str) -> None:
    day = date(2026, 11, 24)
    text = compose_qr(qr_type="32", number="26311000000000000001", gross_fen=11300, day=day)
    text = text if checksum == "umts" else text[: text.rindex(",") + 1] + crc
    done = kaipiao("read", "--qr", text, "--json")

    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["checksum"] == checksum
    assert (told["number"], told["amount_fen"], told["day"]) == (
        "26311000000000000001",
        11300,
        "2026-11-24",
    )


def test_a_file_that_is_no_invoice_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text("<html/>")

    done = kaipiao("read", tmp_path / "x.xml")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_what_is_no_receipt_is_not_genuine(tmp_path: Path) -> None:
    vkey = str(create_key(tmp_path / "keys", "test.example/log").verifier)
    (tmp_path / "r").write_text("hello")

    assert kaipiao("verify", tmp_path / "r", "--log-key", vkey).returncode == 1
    assert kaipiao("verify", tmp_path / "absent", "--log-key", vkey).returncode == 2
    assert kaipiao("verify", tmp_path / "r", "--log-key", "no+key").returncode == 2


def test_the_template_is_not_written_over_a_file_by_accident(tmp_path: Path) -> None:
    sheet = tmp_path / "t.xlsx"
    assert kaipiao("template", sheet).returncode == 0
    assert kaipiao("check", sheet).returncode == 0
    assert kaipiao("template", sheet).returncode == 2
    assert kaipiao("template", sheet, "--force").returncode == 0
