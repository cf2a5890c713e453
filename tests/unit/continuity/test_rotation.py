"""Logs have a bound, whoever writes them goes on writing, and the newest lines are kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kaipiao.continuity.cluster.places import Home
from kaipiao.continuity.cluster.rotation import (
    DATABASE_LOG_MAX_BYTES,
    LOG_FILES,
    LOG_MAX_BYTES,
    rotate,
    rotate_database_logs,
    rotate_ours,
)
from kaipiao.ledger.embedded.account import Account

ME = Account("me", os.geteuid(), os.getegid())
WRITES = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"


def test_a_program_that_holds_its_log_open_writes_on_in_the_emptied_file(tmp_path: Path) -> None:
    path = tmp_path / "cell.log"
    with path.open("ab") as output:
        program = subprocess.Popen(
            [sys.executable, "-c", WRITES], stdin=subprocess.PIPE, stdout=output
        )
    assert program.stdin is not None
    program.stdin.write(b"before\n")
    program.stdin.flush()
    while not path.stat().st_size:
        pass
    rotate(path)
    program.communicate(b"after\n")

    assert path.read_bytes() == b"after\n"
    assert path.with_name("cell.log.1").read_bytes() == b"before\n"


def test_there_are_never_more_files_than_allowed_and_the_newest_stay(tmp_path: Path) -> None:
    path = tmp_path / "envoy.log"
    for n in range(9):
        path.write_text(str(n))
        rotate(path)

    found = {one.name: one.read_text() for one in tmp_path.iterdir()}
    assert found == {"envoy.log": "", "envoy.log.1": "8", "envoy.log.2": "7"}
    assert len(found) == LOG_FILES


def test_only_what_is_too_long_is_touched(home: Home) -> None:
    short, long = home.path / "cell.log", home.route / "envoy.log"
    short.write_bytes(b"short")
    of_size(long, LOG_MAX_BYTES + 1)

    rotate_ours(home)

    assert short.read_bytes() == b"short"
    assert long.stat().st_size == 0
    assert not short.with_name("cell.log.1").exists()


@pytest.mark.parametrize("answer", [0, 1])
def test_the_databases_long_file_is_moved_if_it_begins_another(home: Home, answer: int) -> None:
    """Else it would write on in the moved one, where nobody looks."""
    today = of_size(home.postgres_log / "postgresql-Wed.log", DATABASE_LOG_MAX_BYTES + 1)
    yesterday = of_size(home.postgres_log / "postgresql-Tue.log", 5)
    pg_ctl = home.path / "pg_ctl"
    pg_ctl.write_text(f'#!/bin/sh\necho "$@" > "$(dirname $0)/asked"\nexit {answer}\n')
    pg_ctl.chmod(0o700)

    rotate_database_logs(home, ME, home.path)

    assert (home.path / "asked").read_text().split() == ["logrotate", "-s", "-D", str(home.data)]
    assert today.exists() == (answer != 0)
    assert today.with_name("postgresql-Wed.log.1").exists() == (answer == 0)
    assert yesterday.stat().st_size == 5


def of_size(path: Path, size: int) -> Path:
    path.touch()
    os.truncate(path, size)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "n1")
    home.route.mkdir(parents=True)
    home.postgres_log.mkdir(parents=True)
    return home
