"""vendors.json is read whole, and every fault in it is told at once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kaipiao.seal.local import CERTIFICATE_NAME, open_seal
from kaipiao.seal.roster import FILE_NAME, RosterWrong, has_roster, read_roster

ACME = {
    "name": "acme",
    "kind": "http",
    "url": "https://seal.acme.example/api",
    "certificate": CERTIFICATE_NAME,
    "secret": "acme.secret",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    open_seal(tmp_path, "acme", now=datetime(2026, 11, 1, tzinfo=UTC))
    (tmp_path / "acme.secret").touch(0o600)
    (tmp_path / "acme.secret").write_text("s3cret\n")
    return tmp_path


def write(folder: Path, *vendors: Any, **more: Any) -> Path:
    (folder / FILE_NAME).write_text(json.dumps({"vendors": vendors} | more))
    return folder


def faults(folder: Path, *vendors: Any, **more: Any) -> list[str]:
    with pytest.raises(RosterWrong) as wrong:
        read_roster(write(folder, *vendors, **more))
    return wrong.value.faults


def test_a_cell_without_the_file_has_no_vendors(tmp_path: Path) -> None:
    assert not has_roster(tmp_path)
    assert read_roster(tmp_path) == []


def test_a_whole_roster_is_read_in_its_order_and_shows_no_secret(folder: Path) -> None:
    own = [{"name": "own-sm2", "kind": "sm2", "per_second": 50}, {"name": "e", "kind": "ed25519"}]
    found = read_roster(write(folder, ACME, *own))

    assert [one.plan.name for one in found] == ["acme", "own-sm2", "e"]
    assert found[0].reached is not None
    assert found[0].reached.secret == "s3cret"
    assert "s3cret" not in repr(found)


def test_every_fault_is_told_at_once(folder: Path) -> None:
    (folder / "acme.secret").chmod(0o640)
    told = faults(
        folder,
        ACME | {"certificate": "away.crt"},
        {"name": "b", "kind": "sm2", "url": "https://b.example"},
        {"name": "C!", "kind": "sm2"},
        {"name": "d", "kind": "sm2", "at_once": 0},
        {"name": "e", "kind": "sm2", "colour": "red"},
        {"name": "f", "kind": "http"},
        networks=["10.0.0.0/99"],
    )

    assert len(told) == 10, told
    assert [one for one in told if "chmod 600" in one]
    assert sum("missing" in one for one in told) == 3


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://a.example", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000/x", True),
        ("http://localhost", True),
        ("http://10.1.2.3", True),  # named below
        ("http://10.2.2.3", False),
        ("http://a.example", False),
        ("http://127.0.0.1.example", False),
        ("ftp://127.0.0.1", False),
        ("https://user:word@a.example", False),
        ("https://a.example?x=1", False),
        ("https://a.example:99999", False),
        ("https://", False),
    ],
)
def test_plain_http_is_for_this_machine_and_named_networks(
    folder: Path, url: str, fits: bool
) -> None:
    write(folder, ACME | {"url": url}, networks=["10.1.0.0/16"])
    if fits:
        assert read_roster(folder)[0].plan.url == url
    else:
        with pytest.raises(RosterWrong):
            read_roster(folder)


@pytest.mark.parametrize("text", ["", "[]", '{"vendors": 1}', '{"vendors": []}', '{"v": []}'])
def test_a_file_that_is_no_roster_says_so(folder: Path, text: str) -> None:
    (folder / FILE_NAME).write_text(text)
    with pytest.raises(RosterWrong):
        read_roster(folder)


def test_a_name_given_twice_and_a_secret_of_two_lines_are_faults(folder: Path) -> None:
    (folder / "acme.secret").write_text("two\nlines\n")

    assert (
        len(faults(folder, ACME, {"name": "b", "kind": "sm2"}, {"name": "b", "kind": "sm2"})) == 2
    )
