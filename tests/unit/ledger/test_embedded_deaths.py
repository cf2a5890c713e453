"""Whatever dies, and however: the server is back, the rows are there, strangers are left alone."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from kaipiao.ledger.embedded.account import choose_account
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.programs import find_programs
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.embedded.settings import TEST_SIZE
from kaipiao.ledger.embedded.survivors import find_survivors

Start = Callable[[], Awaitable[EmbeddedPostgres]]

SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.embedded.settings import TEST_SIZE

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]), size=TEST_SIZE)
    await server.start()
    print(server.pid, flush=True)
    await server.run()

asyncio.run(main())
"""


def data_of(folder: Path) -> Path:
    return folder / "postgres" / "data"


@asynccontextmanager
async def kept_up(server: EmbeddedPostgres) -> AsyncIterator[None]:
    keeping = asyncio.create_task(server.run())
    try:
        yield
    finally:
        await server.stop()
        await asyncio.wait_for(keeping, timeout=30)


async def connect_again(dsn: str) -> asyncpg.Connection:
    while True:
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            return await asyncpg.connect(dsn)
        await asyncio.sleep(0.01)


async def until(condition: Callable[[], bool], *, timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def start_unsupervised(folder: Path) -> subprocess.Popen[bytes]:
    """A postgres on this folder that is nobody's child any more, as far as we can tell."""
    account = choose_account(data_of(folder))
    drop = {"user": account.uid, "group": account.gid, "extra_groups": ()}
    return subprocess.Popen(
        [
            *(find_programs().bin / "postgres", "-D", data_of(folder)),
            *("-c", f"config_file={folder}/postgres/postgresql.conf"),
        ],
        stderr=subprocess.DEVNULL,
        cwd="/",
        **(drop if os.geteuid() == 0 else {}),
    )


def run_supervisor_until_killed(folder: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        pid = int(supervisor.stdout.readline())
        assert pid in find_survivors(data_of(folder))
        supervisor.kill()


def sleep_as_server_user(folder: Path) -> subprocess.Popen[bytes]:
    account = choose_account(data_of(folder))
    drop = {"user": account.uid, "group": account.gid, "extra_groups": ()}
    return subprocess.Popen(["sleep", "60"], cwd="/", **(drop if os.geteuid() == 0 else {}))


async def test_a_killed_server_is_back_at_once_with_every_acknowledged_row(
    start_postgres: Start,
) -> None:
    """0.2 s here when nothing else runs; so it is measured in starts, which slow down alike."""
    server = await start_postgres()
    await server.stop()
    began = time.monotonic()
    await server.start()
    one_start_s = time.monotonic() - began
    async with kept_up(server):
        connection = await asyncpg.connect(server.dsn_owner)
        await connection.execute("CREATE TABLE sale (id int)")
        acknowledged = 0
        with contextlib.suppress(Exception):  # the driver has many words for a dead server
            while True:
                await connection.execute("INSERT INTO sale VALUES ($1)", acknowledged)
                acknowledged += 1
                if acknowledged == 200 and server.pid:
                    os.kill(server.pid, signal.SIGKILL)
                    killed_at = time.monotonic()
        connection = await connect_again(server.dsn_owner)
        gap_s = time.monotonic() - killed_at
        stored = await connection.fetchval("SELECT count(*) FROM sale")
        await connection.close()

    assert acknowledged >= 200
    assert stored >= acknowledged
    assert gap_s < 5 * one_start_s + 1


async def test_it_comes_back_again_and_again(start_postgres: Start) -> None:
    server = await start_postgres()
    seen = set()
    async with kept_up(server):
        for _ in range(3):
            await until(lambda: server.pid is not None and server.pid not in seen)
            (await connect_again(server.dsn_app)).terminate()
            assert server.pid
            seen.add(server.pid)
            os.kill(server.pid, signal.SIGKILL)

    assert len(seen) == 3


async def test_stopping_ends_everything_even_with_busy_clients(
    scratch: Path, start_postgres: Start
) -> None:
    server = await start_postgres()
    busy = await asyncpg.connect(server.dsn_app)
    sleeping = asyncio.create_task(busy.execute("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.05)

    async with asyncio.timeout(10):  # 0.1 s when nothing else runs
        await server.stop()

    assert not find_survivors(data_of(scratch))
    assert isinstance((await asyncio.gather(sleeping, return_exceptions=True))[0], Exception)


async def test_a_server_that_will_not_shut_down_is_still_stopped_in_time(
    scratch: Path, start_postgres: Start
) -> None:
    """A stopped backend answers no request to end; the postmaster waits for it in vain."""
    server = await start_postgres()
    client = await asyncpg.connect(server.dsn_app)
    backend = client.get_server_pid()
    os.kill(backend, signal.SIGSTOP)

    async with asyncio.timeout(20):  # 1.8 s when nothing else runs
        await server.stop()

    assert not find_survivors(data_of(scratch))
    client.terminate()


@pytest.mark.parametrize("pause_s", [0.0, 0.05, 0.1])
async def test_stopping_while_it_comes_back_leaves_nothing(
    scratch: Path, start_postgres: Start, pause_s: float
) -> None:
    """A stopped backend makes the return take half a second, so that we surely stop within it."""
    server = await start_postgres()
    client = await asyncpg.connect(server.dsn_app)
    os.kill(client.get_server_pid(), signal.SIGSTOP)
    async with kept_up(server):
        assert server.pid
        os.kill(server.pid, signal.SIGKILL)
        await asyncio.sleep(pause_s)

    assert not find_survivors(data_of(scratch))
    client.terminate()


async def test_a_killed_supervisor_leaves_no_server_and_the_next_one_starts(scratch: Path) -> None:
    run_supervisor_until_killed(scratch)

    await until(lambda: not find_survivors(data_of(scratch)))
    server = EmbeddedPostgres(scratch, size=TEST_SIZE)
    await server.start()
    await server.stop()


async def test_an_orphaned_server_is_stopped_and_replaced(
    scratch: Path, start_postgres: Start
) -> None:
    await (await start_postgres()).stop()
    orphan = start_unsupervised(scratch)
    await until(lambda: orphan.pid in find_survivors(data_of(scratch)))

    server = await start_postgres()

    assert orphan.wait(timeout=5) == 0, "it shut down cleanly"
    assert server.pid in find_survivors(data_of(scratch))


async def test_orphans_of_a_killed_postmaster_do_not_hold_up_its_return(
    scratch: Path, start_postgres: Start
) -> None:
    """A stopped backend does not notice that its postmaster is gone, and holds its memory."""
    server = await start_postgres()
    client = await asyncpg.connect(server.dsn_app)
    os.kill(client.get_server_pid(), signal.SIGSTOP)
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    async with kept_up(server):
        await (await connect_again(server.dsn_app)).close()

    assert client.get_server_pid() not in find_survivors(data_of(scratch))
    client.terminate()


async def test_a_stranger_with_the_number_of_a_dead_server_is_left_alone(
    scratch: Path, start_postgres: Start
) -> None:
    """The machine was reset, and now the number in postmaster.pid is another program's."""
    server = await start_postgres()
    assert server.pid
    lock_file = data_of(scratch) / "postmaster.pid"
    lines = lock_file.read_text().splitlines()
    os.kill(server.pid, signal.SIGKILL)
    await server.stop()
    stranger = sleep_as_server_user(scratch)
    lock_file.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
    account = choose_account(data_of(scratch))
    os.chown(lock_file, account.uid, account.gid)

    try:
        await start_postgres()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_the_number_on_the_socket_of_a_dead_server_is_not_believed(
    scratch: Path, start_postgres: Start
) -> None:
    """It is a stranger's by now, or its process is dead and nobody has buried it yet."""
    server = await start_postgres()
    sockets, account = server.sockets, choose_account(data_of(scratch))
    await server.stop()
    stranger = sleep_as_server_user(scratch)
    lock_file = sockets / ".s.PGSQL.5432.lock"
    lock_file.write_text(f"{stranger.pid}\n{data_of(scratch)}\n1\n5432\n{sockets}\n")
    os.chown(lock_file, account.uid, account.gid)

    try:
        await start_postgres()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_the_server_of_another_cell_is_left_alone(
    scratch: Path, postgres: EmbeddedPostgres, start_postgres: Start
) -> None:
    other = postgres.pid
    server = await start_postgres()
    ours = find_survivors(data_of(scratch))
    assert server.pid in ours
    assert other not in ours, "it would be stopped with ours"
    await server.stop()

    assert postgres.pid == other


async def test_a_start_that_was_cut_short_is_taken_up_again(scratch: Path) -> None:
    """initdb was killed half-way; what it left is thrown away, never used."""
    (scratch / "postgres" / "data.new").mkdir(parents=True)
    (scratch / "postgres" / "data.new" / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(scratch, size=TEST_SIZE)
    await server.start()
    await server.stop()

    assert not (scratch / "postgres" / "data.new").exists()


async def test_a_server_that_does_not_start_says_why_and_starts_once_it_is_mended(
    scratch: Path, start_postgres: Start
) -> None:
    await (await start_postgres()).stop()
    own_settings = data_of(scratch) / "postgresql.auto.conf"
    good = own_settings.read_text()
    own_settings.write_text(good + "work_mem = 'plenty'\n")

    with pytest.raises(DatabaseWontStart) as failure:
        await start_postgres()
    own_settings.write_text(good)
    await start_postgres()

    assert "work_mem" in failure.value.log
    assert str(scratch) in failure.value.text("zh")
    assert str(scratch) in failure.value.text("en")


async def test_a_lost_password_is_made_anew_but_the_superusers_must_be_put_back(
    scratch: Path, start_postgres: Start
) -> None:
    await (await start_postgres()).stop()
    (scratch / "secrets" / "kaipiao_app.pgpass").unlink()
    server = await start_postgres()
    await (await asyncpg.connect(server.dsn_app)).close()
    await server.stop()

    (scratch / "secrets" / "kaipiao_root.pgpass").unlink()
    with pytest.raises(DatabaseWontStart, match="secrets"):
        await start_postgres()
    assert not find_survivors(data_of(scratch))
