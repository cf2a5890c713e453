"""Where the database lies, who may be let in, and that one database has one supervisor."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from kaipiao.ledger.embedded.account import choose_account
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.lock import SupervisorLock
from kaipiao.ledger.embedded.places import SOCKET_PATH_MAX, find_home, make_places
from kaipiao.ledger.embedded.remove import remove_database
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.embedded.settings import TEST_SIZE

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands a server to another user")

SCENARIO = """
import asyncio, sys
from pathlib import Path
import asyncpg
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.embedded.settings import TEST_SIZE

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]), size=TEST_SIZE)
    await server.start()
    connection = await asyncpg.connect(server.dsn_app)
    print(await connection.fetchval("SELECT current_user"))
    await connection.close()
    await server.stop()

asyncio.run(main())
"""


@pytest.fixture
def closed() -> Iterator[Path]:
    """A cell's folder under one that only we may pass, as ``/root`` is."""
    with tempfile.TemporaryDirectory(prefix="kaipiao-closed-") as name:
        Path(name).chmod(0o700)
        yield Path(name) / "cell"


@pytest.fixture
def shared() -> Iterator[Path]:
    """Instead of /var/lib/kaipiao."""
    with tempfile.TemporaryDirectory(prefix="kaipiao-shared-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def user_at(server: EmbeddedPostgres) -> str:
    connection = await asyncpg.connect(server.dsn_app)
    try:
        return str(await connection.fetchval("SELECT current_user"))
    finally:
        await connection.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@as_root
async def test_a_folder_that_the_server_cannot_reach_keeps_a_pointer(
    closed: Path, shared: Path
) -> None:
    server = EmbeddedPostgres(closed, size=TEST_SIZE, shared=shared)
    await server.start()
    user = await user_at(server)
    await server.stop()
    home = find_home(closed)

    assert user == "kaipiao_app"
    assert home
    assert home.is_relative_to(shared / "cells")
    assert str(home) in (closed / "postgres.elsewhere").read_text()
    assert str(closed) in (home.parent / "belongs-to").read_text()
    assert mode(closed.parent) == 0o700, "what lies above the cell is not ours to open"
    assert not (closed / "postgres").exists()

    remove_database(closed)
    assert find_home(closed) is None
    assert not list((shared / "cells").iterdir())


@as_root
async def test_a_cell_that_was_moved_finds_its_database_again(closed: Path, shared: Path) -> None:
    server = EmbeddedPostgres(closed, size=TEST_SIZE, shared=shared)
    await server.start()
    await server.stop()
    moved = closed.rename(closed.with_name("moved"))
    again = EmbeddedPostgres(moved, size=TEST_SIZE, shared=shared)
    await again.start()
    await again.stop()

    assert len(list((shared / "cells").iterdir())) == 1


@as_root
def test_a_database_that_is_gone_is_not_quietly_replaced_by_an_empty_one(
    closed: Path, shared: Path
) -> None:
    account = choose_account(closed / "postgres" / "data")
    home = make_places(closed, account, shared=shared).home
    shutil.rmtree(home)

    with pytest.raises(DatabaseWontStart, match=str(home)):
        make_places(closed, account, shared=shared)


@as_root
def test_a_database_behind_a_door_that_was_shut_is_not_replaced_either(
    scratch: Path, shared: Path
) -> None:
    folder = scratch / "province" / "cell"
    account = choose_account(folder / "postgres" / "data")
    make_places(folder, account, shared=shared)
    (scratch / "province").chmod(0o700)

    with pytest.raises(DatabaseWontStart, match="chmod"):
        make_places(folder, account, shared=shared)


@as_root
def test_only_the_cells_own_folder_is_opened_and_only_for_passing(
    scratch: Path, shared: Path
) -> None:
    folder = scratch / "cell"
    folder.mkdir(mode=0o700)
    places = make_places(folder, choose_account(folder / "postgres" / "data"), shared=shared)

    assert (mode(folder), mode(places.home), mode(places.secrets)) == (0o711, 0o711, 0o700)
    assert {mode(path) for path in (places.log, places.sockets)} == {0o700}
    assert mode(scratch) == 0o711


@as_root
def test_root_does_not_run_the_cell_of_another_user(scratch: Path, shared: Path) -> None:
    """That user could put a link where root is about to write."""
    home = scratch / "postgres"
    home.mkdir()
    os.chown(home, 65534, 65534)

    with pytest.raises(DatabaseWontStart, match="65534"):
        make_places(scratch, choose_account(home / "data"), shared=shared)


@as_root
def test_a_user_who_is_not_root_runs_the_server_as_himself(scratch: Path) -> None:
    python = next(filter(_nobody_can_run_us_on, (sys.executable, "/usr/bin/python3")), None)
    if python is None:
        pytest.skip("no Python here that an unprivileged user can run our tests with")
    folder = scratch / "cell"
    folder.mkdir()
    os.chown(folder, 65534, 65534)

    done = _as_nobody(python, "-c", SCENARIO, str(folder))

    assert (done.stdout, done.returncode) == ("kaipiao_app\n", 0)
    owners = {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}
    assert owners == {65534}


def _nobody_can_run_us_on(python: str) -> bool:
    try:
        return _as_nobody(python, "-c", "import kaipiao, asyncpg").returncode == 0
    except PermissionError:
        return False


def _as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        user=65534,
        group=65534,
        extra_groups=(),
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(filter(None, sys.path))},
    )


async def test_a_path_too_long_for_a_socket_still_gets_one(scratch: Path) -> None:
    folder = scratch / ("deep" * 20) / ("deeper" * 20)
    folder.mkdir(parents=True)
    server = EmbeddedPostgres(folder, size=TEST_SIZE)
    await server.start()
    sockets = server.sockets
    try:
        assert await user_at(server) == "kaipiao_app"
        assert len(bytes(sockets)) < SOCKET_PATH_MAX
        assert mode(sockets) == 0o700
    finally:
        await server.stop()
        sockets.rmdir()


def test_a_socket_folder_made_by_someone_else_is_not_used(scratch: Path, shared: Path) -> None:
    """Whoever guesses its name in /tmp must not become our database."""
    folder = scratch / ("deep" * 20)
    account = choose_account(folder)
    sockets = make_places(folder, account, shared=shared).sockets
    sockets.rmdir()
    sockets.symlink_to(shared)
    try:
        with pytest.raises(DatabaseWontStart, match="someone else"):
            make_places(folder, account, shared=shared)
    finally:
        sockets.unlink()


async def test_of_two_starts_on_one_folder_the_second_says_who_has_it(scratch: Path) -> None:
    first, second = (EmbeddedPostgres(scratch, size=TEST_SIZE) for _ in range(2))
    answers = await asyncio.gather(first.start(), second.start(), return_exceptions=True)
    winner = first if answers[0] is None else second
    try:
        refused = [answer for answer in answers if answer is not None]
        assert len(refused) == 1
        assert isinstance(refused[0], DatabaseWontStart)
        assert str(os.getpid()) in str(refused[0])
        assert await user_at(winner) == "kaipiao_app"
        with pytest.raises(DatabaseWontStart):
            remove_database(scratch)
    finally:
        await winner.stop()


def test_a_lock_goes_with_its_holder_and_the_file_stays(scratch: Path) -> None:
    lock, other = (SupervisorLock(scratch / "lock") for _ in range(2))
    lock.take()
    with pytest.raises(DatabaseWontStart):
        other.take()
    lock.give_back()
    other.take()
    other.give_back()

    assert (scratch / "lock").exists()


async def test_a_full_disk_is_called_a_full_disk(scratch: Path) -> None:
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "kaipiao-test", scratch]
    ).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        scratch.chmod(0o711)
        with pytest.raises(DatabaseWontStart, match="disk is full") as failure:
            await EmbeddedPostgres(scratch, size=TEST_SIZE).start()
        assert "磁盘已满" in failure.value.text("zh")
        assert not (scratch / "postgres" / "data.new").exists(), "the room is given back"
    finally:
        remove_database(scratch)
        subprocess.run(["umount", scratch], check=True)


@pytest.mark.parametrize("place", ["a-file/cell", "/proc/cell"])
async def test_a_folder_that_cannot_be_made_is_a_clear_answer(scratch: Path, place: str) -> None:
    (scratch / "a-file").touch()

    with pytest.raises(DatabaseWontStart, match="another data folder"):
        await EmbeddedPostgres(scratch / place).start()
