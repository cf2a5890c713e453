"""Our log before judges that share no code with it: every entry, every tile, every proof.

Go's checksum-database library, aics-tlog and our own audit must all accept the genuine log, and
each of them must catch each kind of damage.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import Database
from tests.journeys.cells import kaipiao
from tests.served import serve
from tests.strangers.grown import DAMAGE, SIZES, VKEY, Grown, befallen, grow_log, served
from tests.strangers.provision import go_stranger, python_strangers

Done = subprocess.CompletedProcess[str]
Judge = Callable[[str, Path], Done]
"""Audits the log at an address, holding an older checkpoint."""


def go(url: str, *held: Path) -> Done:
    command = [go_stranger(), url, VKEY, *held]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def aics(url: str, *held: Path) -> Done:
    command = [sys.executable, Path(__file__).with_name("aics_audit.py"), url, VKEY, *held]
    env = os.environ | {"PYTHONPATH": str(python_strangers())}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)


def ours(url: str, held: Path) -> Done:
    return kaipiao("log", "audit", url, "--key", VKEY, "--since", held, "--json")


JUDGES: dict[str, Judge] = {"Go": go, "aics-tlog": aics, "ours": ours}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    return await grow_log(tmp_path_factory.mktemp("strangers"))


def test_go_proves_every_entry_and_every_kept_checkpoint(grown: Grown) -> None:
    with served(grown.folder) as url:
        done = go(url, *grown.kept)

    assert done.returncode == 0, done.stderr
    size, tiles = SIZES[-1], 258 + 2 + 1
    assert json.loads(done.stdout) == {
        "size": size,
        "tiles": tiles,
        "inclusion": size,
        "consistency": len(SIZES),
    }


def test_aics_tlog_audits_every_tile_and_every_kept_checkpoint(grown: Grown) -> None:
    with served(grown.folder) as url:
        done = aics(url, *grown.kept)

    assert done.returncode == 0, done.stderr
    assert "tiles=261, bundles=258" in done.stdout


def test_we_find_nothing_wrong_with_it_either(grown: Grown) -> None:
    with served(grown.folder) as url:
        done = ours(url, grown.kept[2])
    found = json.loads(done.stdout)

    assert (done.returncode, found["faults"]) == (0, [])
    assert (found["size"], found["entries_checked"], found["since"]) == (SIZES[-1], SIZES[-1], 300)


def test_a_cell_serves_the_log_as_they_all_expect_it(grown: Grown, database: Database) -> None:
    with serve(database.app, log_folder=grown.folder) as cell:
        answers = [go(f"{cell.url}/log", *grown.kept), aics(f"{cell.url}/log", *grown.kept)]
        answers.append(ours(cell.url, grown.kept[0]))

    assert [done.returncode for done in answers] == [0, 0, 0], answers


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_is_caught_by(damage: str, judge: str, grown: Grown, tmp_path: Path) -> None:
    with befallen(grown, DAMAGE[damage], tmp_path) as log, served(log.folder) as url:
        done = JUDGES[judge](url, log.kept[-1])

    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize("judge", JUDGES)
def test_a_genuine_log_of_an_older_day_is_accepted_by_who_holds_no_later_one(
    judge: str, grown: Grown, tmp_path: Path
) -> None:
    """Or the rollback would be caught for a wrong reason: the files that it needs are there."""
    roll_back = DAMAGE["the checkpoint is rolled back"]
    with befallen(grown, roll_back, tmp_path) as log, served(log.folder) as url:
        done = JUDGES[judge](url, log.kept[1])

    assert done.returncode == 0, done.stdout + done.stderr
