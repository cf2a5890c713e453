"""``kaipiao log audit``: what an auditor types, over a folder and over HTTP."""

import base64
import json
import shutil
from pathlib import Path

import pytest_asyncio

from tests.journeys.cells import kaipiao
from tests.strangers.grown import VKEY, Grown, flip, grow_log, roll_back, served
from tests.unit.evidence.fakes import make_signer

SIZES = (300, 4_000, 5_000)


@pytest_asyncio.fixture
async def log(tmp_path: Path) -> Grown:
    return await grow_log(tmp_path, sizes=SIZES)


def test_a_whole_log_is_told_in_json_with_its_size_and_root(log: Grown, tmp_path: Path) -> None:
    root = log.kept[-1].read_text().split("\n")[2]
    (tmp_path / "log.vkey").write_text(f"{VKEY}\n")
    shutil.copytree(log.folder, tmp_path / "cell/evidence")  # where a cell has it
    with served(log.folder) as url:
        for where in (log.folder, tmp_path / "cell", url):
            done = kaipiao("log", "audit", where, "--key", tmp_path / "log.vkey", "--json")
            found = json.loads(done.stdout)

            assert (done.returncode, found["faults"]) == (0, [])
            assert (found["size"], found["entries_checked"], found["root"]) == (5_000, 5_000, root)
    assert len(base64.b64decode(root)) == 32


def test_a_cell_s_address_leads_to_its_log(log: Grown, tmp_path: Path) -> None:
    with served(tmp_path) as url:  # which shows the log below /log/, as a cell does
        assert kaipiao("log", "audit", url, "--key", VKEY).returncode == 0


def test_a_fault_is_told_with_a_code_a_file_and_what_to_do(log: Grown) -> None:
    flip(log.folder / "tile/entries/003", 77)
    (log.folder / "tile/0/009").unlink()
    done = kaipiao("log", "audit", log.folder, "--key", VKEY, "--json")
    found = json.loads(done.stdout)

    assert done.returncode == 1
    assert [(fault["code"], fault["file"]) for fault in found["faults"]] == [
        ("file-damaged", "tile/entries/003"),
        ("file-missing", "tile/0/009"),
    ]
    assert found["entries_checked"] == 4_999
    for language, said in (("en", "repair nothing yet"), ("zh", "不要修复它")):
        env = {"KAIPIAO_LANG": language}
        told = kaipiao("log", "audit", log.folder, "--key", VKEY, env=env).stdout
        assert said in told
        assert "tile/0/009" in told


def test_a_partial_tile_of_an_older_size_is_looked_at_too(log: Grown) -> None:
    roll_back(log)  # leaves partial tiles of 4,000 behind
    shutil.copy(log.kept[-1], log.folder / "checkpoint")
    assert kaipiao("log", "audit", log.folder, "--key", VKEY).returncode == 0

    flip(log.folder / "tile/0/015.p/160", 40)
    done = kaipiao("log", "audit", log.folder, "--key", VKEY)
    assert done.returncode == 1
    assert "tile/0/015.p/160" in done.stdout


def test_what_is_no_log_cannot_be_read(log: Grown, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with served(tmp_path / "empty") as url:
        closed = url
        assert kaipiao("log", "audit", url, "--key", VKEY, "--json").returncode == 2
    for where in (tmp_path / "empty", tmp_path / "nothing", "gopher://log.example", closed):
        done = kaipiao("log", "audit", where, "--key", VKEY)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Check the path or address" in done.stderr
    assert kaipiao("log", "audit", log.folder, "--key", "no+key+AAAA").returncode == 2


def test_a_log_of_another_key_is_refused(log: Grown) -> None:
    other = make_signer("stranger.example")
    done = kaipiao("log", "audit", log.folder, "--key", other.verifier, "--json")

    assert done.returncode == 1
    assert {fault["code"] for fault in json.loads(done.stdout)["faults"]} == {
        "other-log",
        "not-signed-by-key",
    }


def test_an_auditor_who_remembers_catches_a_rollback(log: Grown, tmp_path: Path) -> None:
    """The log as it was yesterday is genuine in every byte; only memory tells."""
    state = tmp_path / "audit.checkpoint"
    command = ("log", "audit", log.folder, "--key", VKEY, "--state", state, "--json")
    assert kaipiao(*command).returncode == 0
    assert state.read_bytes() == log.kept[-1].read_bytes()

    roll_back(log)
    for _ in range(2):  # and it goes on remembering
        done = kaipiao(*command)
        codes = [fault["code"] for fault in json.loads(done.stdout)["faults"]]
        assert (done.returncode, codes) == (1, ["rolled-back"])
    assert state.read_bytes() == log.kept[-1].read_bytes()
    assert kaipiao("log", "audit", log.folder, "--key", VKEY).returncode == 0


def test_a_memory_of_another_log_is_no_memory(log: Grown, tmp_path: Path) -> None:
    state = tmp_path / "audit.checkpoint"
    state.write_text("notes\n")
    for option in ("--state", "--since"):
        done = kaipiao("log", "audit", log.folder, "--key", VKEY, option, state)
        assert done.returncode == 2
        assert "Name another file" in done.stderr
    assert state.read_text() == "notes\n"
