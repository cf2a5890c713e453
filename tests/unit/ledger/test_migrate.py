"""Migrations run once, in order, alone, and never wait on sales for long."""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from hatchling.build import build_wheel

from kaipiao.errors import Outage
from kaipiao.ledger import migrate as migrations
from kaipiao.ledger.embedded.passwords import OWNER
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.migrate import HistoryBroken, LeftBehind, migrate, pending, read_migrations

_names = count(1)


@pytest_asyncio.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The owner's DSN of a database in which nothing is."""
    name = f"empty_{next(_names)}"
    root = await asyncpg.connect(postgres.dsn_root)
    await root.execute(f"CREATE DATABASE {name} OWNER {OWNER} STRATEGY file_copy")
    yield postgres.dsn(OWNER, database=name)
    await root.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await root.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "0001_pre_sale.sql", "CREATE TABLE sale (id int); INSERT INTO sale VALUES (1);")
    write(tmp_path, "0002_post_tidy.sql", "UPDATE sale SET id = id * 10;")
    write(tmp_path, "0003_pre_note.sql", "ALTER TABLE sale ADD note text;")
    write(tmp_path, "0004_post_more.sql", "UPDATE sale SET id = id + 1;")
    return tmp_path


def write(folder: Path, name: str, sql: str) -> None:
    (folder / name).write_text(sql)


def numbers(found: list[migrations.Migration]) -> list[int]:
    return [migration.number for migration in found]


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_they_run_in_order_and_only_once(empty: str, folder: Path) -> None:
    first = await migrate(empty, folder=folder)
    again = await migrate(empty, folder=folder)

    assert (numbers(first), again) == ([1, 2, 3, 4], [])
    assert await ask(empty, "SELECT id FROM sale") == 11


async def test_what_is_pending_is_what_would_run(empty: str, folder: Path) -> None:
    before = await pending(empty, folder=folder)
    await migrate(empty, until="pre", folder=folder)

    assert numbers(before) == [1, 2, 3, 4]
    assert numbers(await pending(empty, folder=folder)) == [4]
    assert await pending(empty, until="pre", folder=folder) == []


async def test_pre_stops_before_the_post_of_this_release(empty: str, folder: Path) -> None:
    """The post of an earlier release, number 2, is due; number 4 must wait for the new program."""
    assert numbers(await migrate(empty, until="pre", folder=folder)) == [1, 2, 3]
    assert numbers(await migrate(empty, until="post", folder=folder)) == [4]


async def test_many_at_once_apply_each_of_them_once(empty: str, folder: Path) -> None:
    write(folder, "0005_pre_slow.sql", "SELECT pg_sleep(0.1);")
    applied = await asyncio.gather(*(migrate(empty, folder=folder) for _ in range(6)))

    assert sorted(map(numbers, applied)) == [[]] * 5 + [[1, 2, 3, 4, 5]]
    assert await ask(empty, "SELECT id FROM sale") == 11


async def test_an_edited_migration_is_refused_and_nothing_runs(empty: str, folder: Path) -> None:
    await migrate(empty, until="pre", folder=folder)
    write(folder, "0001_pre_sale.sql", "CREATE TABLE sale (id bigint);")

    with pytest.raises(HistoryBroken, match="0001_pre_sale"):
        await migrate(empty, folder=folder)
    with pytest.raises(HistoryBroken, match="0001_pre_sale"):
        await pending(empty, folder=folder)
    assert await ask(empty, "SELECT count(*) FROM migration") == 3


async def test_one_that_fails_leaves_nothing_and_names_itself(empty: str, folder: Path) -> None:
    write(folder, "0003_pre_note.sql", "UPDATE sale SET id = 0; SELECT 1 / 0;")

    with pytest.raises(asyncpg.DivisionByZeroError) as failure:
        await migrate(empty, folder=folder)

    assert failure.value.__notes__ == ["in 0003_pre_note.sql"]
    assert await ask(empty, "SELECT id FROM sale") == 10
    assert numbers(await pending(empty, folder=folder)) == [3, 4]


async def test_one_that_cannot_be_written_down_is_undone(empty: str, folder: Path) -> None:
    """Or it would run a second time."""
    taken = "INSERT INTO migration (number, name, digest) VALUES (5, 'mine', 'mine')"
    write(folder, "0005_pre_taken.sql", f"CREATE TABLE half (x int); {taken};")
    with pytest.raises(asyncpg.UniqueViolationError):
        await migrate(empty, folder=folder)

    assert await ask(empty, "SELECT to_regclass('half') IS NULL")
    assert numbers(await pending(empty, folder=folder)) == [5]


async def test_an_older_program_may_come_back_until_a_release_is_finished(
    empty: str, folder: Path
) -> None:
    await migrate(empty, until="pre", folder=folder)
    post = (folder / "0004_post_more.sql").read_text()
    (folder / "0003_pre_note.sql").unlink()
    (folder / "0004_post_more.sql").unlink()
    assert await migrate(empty, folder=folder) == []

    write(folder, "0003_pre_note.sql", "ALTER TABLE sale ADD note text;")
    write(folder, "0004_post_more.sql", post)
    await migrate(empty, folder=folder)
    (folder / "0004_post_more.sql").unlink()
    with pytest.raises(LeftBehind, match="0004_post_more"):
        await migrate(empty, folder=folder)


async def test_a_lock_that_is_soon_free_is_waited_for(empty: str, folder: Path) -> None:
    patience = migrations.Patience(lock_timeout_ms=50, tries=100, pause_s=0.01)
    await migrate(empty, until="pre", folder=folder)
    seller = await asyncpg.connect(empty)
    write(folder, "0005_pre_last.sql", "ALTER TABLE sale ADD late text;")
    async with seller.transaction():
        await seller.execute("SELECT * FROM sale")
        migrating = asyncio.create_task(migrate(empty, folder=folder, patience=patience))
        await asyncio.sleep(0.3)
        assert not migrating.done()
        await seller.execute("SELECT * FROM sale")  # sales go on between two tries
    await seller.close()

    assert numbers(await migrating) == [4, 5]


async def test_a_lock_that_stays_is_given_up_and_nothing_is_lost(empty: str, folder: Path) -> None:
    patience = migrations.Patience(lock_timeout_ms=20, tries=3, pause_s=0.01)
    await migrate(empty, folder=folder)
    write(folder, "0005_pre_last.sql", "ALTER TABLE sale ADD late text;")
    seller = await asyncpg.connect(empty)
    async with seller.transaction():
        await seller.execute("SELECT * FROM sale")
        with pytest.raises(Outage, match="0005_pre_last"):
            await migrate(empty, folder=folder, patience=patience)
    await seller.close()

    assert numbers(await migrate(empty, folder=folder)) == [5]


async def test_no_lock_is_waited_for_longer_than_four_seconds(empty: str, folder: Path) -> None:
    write(folder, "0005_pre_ask.sql", "CREATE TABLE told AS SELECT current_setting('lock_timeout')")
    await migrate(empty, folder=folder)

    assert await ask(empty, "SELECT current_setting FROM told") == "4s"


async def test_a_killed_migrator_holds_up_nobody(empty: str, folder: Path) -> None:
    write(folder, "0005_pre_slow.sql", "SELECT pg_sleep(60);")
    stuck = asyncio.create_task(migrate(empty, folder=folder))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%'"
    while not await ask(empty, waiting):
        await asyncio.sleep(0.01)
    await ask(
        empty,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE query LIKE 'SELECT pg_sleep(60)%'",
    )
    with pytest.raises(Exception):  # noqa: B017 -- however the driver calls it
        await stuck
    (folder / "0005_pre_slow.sql").unlink()

    assert await asyncio.wait_for(migrate(empty, folder=folder), timeout=5) == []


async def test_a_server_that_does_not_answer_is_an_outage() -> None:
    with pytest.raises(Outage):
        await migrate("postgresql://nobody@/nothing?host=/nonexistent")


@pytest.mark.parametrize("name", ["0006_pre_gap.sql", "0005_mid_x.sql", "0004_pre_twin.sql"])
def test_a_gap_a_twin_or_a_bad_name_is_refused(folder: Path, name: str) -> None:
    write(folder, name, "")

    with pytest.raises(HistoryBroken, match="should be"):
        read_migrations(folder)


async def test_servers_may_look_whether_they_may_start(
    empty: str, folder: Path, postgres: EmbeddedPostgres
) -> None:
    await migrate(empty, folder=folder)

    assert await pending(empty.replace("kaipiao_owner", "kaipiao_app"), folder=folder) == []


def test_our_own_migrations_are_in_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    with zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))) as wheel:
        packed = {Path(name).name for name in wheel.namelist() if name.endswith(".sql")}

    assert packed == {migration.name for migration in read_migrations()}
