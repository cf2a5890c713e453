"""Old invoices leave the database, nobody notices, and no crash loses one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from kaipiao.errors import KeyReused, Outage, RulesBroken
from kaipiao.evidence.reader import TilesDamaged
from kaipiao.fiscal.month import TaxMonth
from kaipiao.ledger.archive.archiver import ArchiverBusy
from kaipiao.ledger.archive.file import ArchiveDamaged
from kaipiao.ledger.archive.parts import PART_SERIALS
from kaipiao.ledger.archive.proof import LogDiffers
from kaipiao.ledger.store import Store
from tests.conftest import Database
from tests.stores import entry, red_entry
from tests.unit.ledger.archives import (
    DECEMBER,
    IN_DECEMBER,
    IN_JANUARY,
    IN_NOVEMBER,
    JANUARY,
    LAST_OF_NOVEMBER,
    NOVEMBER,
    PART,
    OldCell,
)

FILE = f"{PART}.archive"


@pytest_asyncio.fixture
async def cell(database: Database, tmp_path: Path) -> AsyncIterator[OldCell]:
    made = OldCell(database, tmp_path)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def store(cell: OldCell) -> Store:
    """The server that issued December and January; its year is over."""
    opened = await cell.open()
    await cell.live_through_a_month(opened)
    await cell.live_into_january(opened)
    return opened


async def as_owner(cell: OldCell, sql: str, *values: object) -> Any:
    connection = await asyncpg.connect(cell.database.owner)
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()


async def is_there(cell: OldCell, table: str = PART) -> bool:
    found: bool = await as_owner(cell, "SELECT to_regclass($1) IS NOT NULL", table)
    return found


async def test_everything_can_be_asked_of_an_archived_invoice_as_before(
    cell: OldCell, store: Store
) -> None:
    before = await cell.everything(store)

    steps = await cell.run()

    assert [step.what for step in steps if step.part == PART] == [
        *("may go", "written", "proved", "noted", "detached", "dropped")
    ]
    assert not await is_there(cell)
    for asked in (store, await cell.open()):
        assert await cell.everything(asked) == before


async def test_a_repeat_of_an_archived_sale_gets_the_first_receipt(
    cell: OldCell, store: Store
) -> None:
    await cell.run()
    forgetful = await cell.open()

    for key, asked in cell.asked.items():
        again = await forgetful.ledger.record(asked)
        assert again == msgspec.structs.replace(cell.receipts[key], replayed=True)
    with pytest.raises(KeyReused):
        await forgetful.ledger.record(entry("of-1-0", n=999))


async def test_an_archived_invoice_can_be_reversed_and_no_further_than_zero(
    cell: OldCell, store: Store
) -> None:
    await cell.run()
    forgetful = await cell.open()
    fresh, spent = cell.receipts["of-40-0"].number, cell.receipts["first"].number

    red = await forgetful.ledger.record(red_entry(fresh, "red of archived"))
    with pytest.raises(RulesBroken):
        await forgetful.ledger.record(red_entry(spent, "too much"))

    assert await forgetful.ledger.red_letters(fresh) == [red.number]


async def test_the_log_grows_on_and_can_be_made_again_from_the_archive(
    cell: OldCell, store: Store
) -> None:
    """Damaged tiles are rebuilt from the leaves of the ledger, from the first one on."""
    await cell.run()
    note = cell.log().note
    for tile in (cell.folder / "evidence/tile").rglob("*"):
        if tile.is_file():
            tile.write_bytes(b"")

    await cell.publish(store)
    assert cell.log().note == note
    await cell.issue(store, "later", entry("later", n=700))
    await cell.publish(store)

    assert cell.log().leaves(0, cell.log().size) == await store.order.leaves(0, 1_000)


@pytest.mark.parametrize("last", ["written", "proved", "noted", "detached", "dropped"])
async def test_a_run_that_died_after_any_step_is_finished_by_the_next(
    cell: OldCell, store: Store, last: str
) -> None:
    before = await cell.everything(store)
    async with cell.archiver() as archiver, aclosing(archiver.run(JANUARY)) as steps:
        async for step in steps:
            if step.what == last:
                break

    assert await cell.everything(store) == before
    await cell.run()

    assert not await is_there(cell)
    assert await cell.everything(store) == before


async def test_a_detach_that_was_cut_off_is_finished_by_the_next_run(
    cell: OldCell, store: Store
) -> None:
    """Someone reads for long, the archiver is cut off while it waits: the partition is half-way."""
    before = await cell.everything(store)
    reader = await asyncpg.connect(cell.database.owner)
    async with reader.transaction():
        await reader.fetch("SELECT FROM batch")
        running = asyncio.create_task(cell.run())
        pending = "SELECT bool_or(inhdetachpending) FROM pg_inherits"
        while not await as_owner(cell, pending):
            await asyncio.sleep(0.01)
        await as_owner(
            cell,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'kaipiao archive' AND datname = current_database()",
        )
        with suppress(Outage, asyncpg.PostgresError):
            await running
        assert await is_there(cell)
        assert await cell.everything(store) == before
    await reader.close()

    steps = await cell.run()

    assert [step.what for step in steps if step.part == PART] == [
        *("finishing", "detached", "dropped")
    ]
    assert await cell.everything(store) == before


async def test_nobody_waits_while_a_partition_is_detached(cell: OldCell, store: Store) -> None:
    """The detach waits for a reader for long; whoever issues, reads or takes a block does not."""
    reader = await asyncpg.connect(cell.database.owner)
    async with reader.transaction():
        await reader.fetch("SELECT FROM batch")
        running = asyncio.create_task(cell.run())
        while not await as_owner(cell, "SELECT bool_or(inhdetachpending) FROM pg_inherits"):
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            newcomer = await cell.open()
            await cell.issue(store, "meanwhile", entry("meanwhile", n=800))
            await cell.issue(newcomer, "elsewhere", entry("elsewhere", n=801))
            assert await store.ledger.read(cell.receipts["first"].number)
            new_part = "SELECT ensure_batch_partition(25311, 8000000)"
            await as_owner(cell, new_part)
        assert not running.done()
    await reader.close()
    await running


USE_THE_RANGE = "UPDATE number_range SET next_serial = 2000000"
USE_THE_BLOCKS = "UPDATE number_block SET last_serial = next_serial - 1"


@pytest.mark.parametrize("used", [(), (USE_THE_RANGE,), (USE_THE_BLOCKS,)])
async def test_a_partition_that_may_still_grow_stays(cell: OldCell, used: tuple[str, ...]) -> None:
    """While its year lasts: some process holds a block of it, or may yet take one."""
    cell.clock.set(IN_NOVEMBER)
    await cell.live_through_a_month(await cell.open())
    cell.clock.set(IN_DECEMBER)
    for sql in used:
        await as_owner(cell, sql)

    steps = await cell.run(DECEMBER)

    assert [step.why for step in steps if step.part == PART] == ["open"]
    assert not any(cell.archive.iterdir())


@pytest.mark.parametrize("before", [NOVEMBER, DECEMBER])
async def test_a_full_partition_goes_when_its_month_is_over(
    cell: OldCell, before: TaxMonth
) -> None:
    """All its numbers are used, as if other processes had issued the rest."""
    cell.clock.set(IN_NOVEMBER)
    store = await cell.open()
    await cell.live_through_a_month(store)
    cell.clock.set(IN_DECEMBER)
    for sql in (USE_THE_RANGE, USE_THE_BLOCKS):
        await as_owner(cell, sql)
    told = await cell.everything(store)

    steps = [step for step in await cell.run(before) if step.part == PART]

    assert steps[-1].why == ("young" if before == NOVEMBER else None)
    assert await is_there(cell) is (before == NOVEMBER)
    assert await cell.everything(store) == told


async def test_a_list_goes_in_and_out_of_the_archive(cell: OldCell) -> None:
    """The second partition is archived before the first: a block of that one is not used up."""
    cell.clock.set(IN_NOVEMBER)
    first = await cell.open()
    await cell.live_through_a_month(first)
    await as_owner(cell, USE_THE_RANGE)
    second = await cell.open()
    for n in range(10):
        await cell.issue((first, second)[n % 2], f"turn-{n}", entry(f"turn-{n}", n=900 + n))
    await cell.publish(first)
    cell.clock.set(IN_DECEMBER)
    await as_owner(cell, "UPDATE number_range SET next_serial = 4000000")
    await as_owner(cell, f"{USE_THE_BLOCKS} WHERE first_serial >= 2000000")
    told = await cell.everything(first)

    steps = await cell.run(DECEMBER)

    assert {step.part: step.what for step in steps} == {
        "batch_25311_0": "stays",
        "batch_25311_1": "dropped",
    }
    assert await cell.everything(first) == told


async def test_an_invoice_of_the_last_day_keeps_its_partition(cell: OldCell) -> None:
    """Someone may still be in doubt about it, and ask."""
    cell.clock.set(LAST_OF_NOVEMBER)
    store = await cell.open()
    await cell.live_through_a_month(store)
    for sql in (USE_THE_RANGE, USE_THE_BLOCKS):
        await as_owner(cell, sql)
    issued_at = cell.receipts["of-7-6"].issued_at

    found = []
    for age in (timedelta(hours=12), timedelta(days=1), timedelta(days=1, microseconds=1)):
        cell.clock.set(issued_at + age)
        steps = await cell.run(DECEMBER, dry=True)
        found.append([step.why for step in steps if step.part == PART])

    assert found == [["young"], ["young"], [None]]


async def test_what_has_no_place_or_no_checkpoint_stays(cell: OldCell) -> None:
    store = await cell.open()
    await cell.live_through_a_month(store)
    await cell.issue(store, "late", entry("late", n=600))
    cell.clock.set(IN_JANUARY)

    assert [step.why for step in await cell.run()] == ["unordered"]
    await store.order.sequence()
    assert [step.why for step in await cell.run()] == ["unpublished"]
    await cell.publish(store)
    assert [step.what for step in await cell.run()][-1] == "dropped"


async def test_a_dry_run_changes_nothing(cell: OldCell, store: Store) -> None:
    steps = await cell.run(dry=True)

    assert [(step.what, step.invoices) for step in steps if step.part == PART] == [("may go", 50)]
    assert await is_there(cell)
    assert not any(cell.archive.iterdir())
    blocks = "SELECT count(*) FROM number_block WHERE series = 25311 AND next_serial <= last_serial"
    assert await as_owner(cell, blocks) == 1


async def test_a_server_whose_clock_stands_in_the_old_year_still_issues(
    cell: OldCell, store: Store
) -> None:
    """Its numbers begin where nothing was archived; its own block was closed under it."""
    cell.clock.set(IN_DECEMBER)
    await cell.issue(store, "before", entry("before", n=1_000))  # it holds a block of 2025 again
    cell.clock.set(IN_JANUARY)
    await cell.publish(store)
    await cell.run()
    cell.clock.set(IN_DECEMBER + timedelta(days=11))

    receipt = await cell.issue(store, "late", entry("late", n=600))

    assert int(receipt.number[5:]) >= PART_SERIALS
    assert await store.ledger.read(receipt.number)


async def test_an_invoice_that_is_not_the_one_in_the_log_is_not_archived(
    cell: OldCell, store: Store
) -> None:
    await as_owner(
        cell,
        "UPDATE batch SET secret = sha256(secret) WHERE (series, first_serial) ="
        " (SELECT series, max(first_serial) FROM batch WHERE series = 25311 GROUP BY series)",
    )

    with pytest.raises(LogDiffers, match="leaf 43 "):
        await cell.run()

    assert await is_there(cell)
    assert await as_owner(cell, "SELECT count(*) FROM archive_file") == 0


async def test_a_log_that_does_not_add_up_archives_nothing(cell: OldCell, store: Store) -> None:
    bundle = next(
        path for path in (cell.folder / "evidence").rglob("entries/**/*") if path.is_file()
    )
    content = bytearray(bundle.read_bytes())
    content[100] ^= 1
    bundle.write_bytes(content)

    with pytest.raises(TilesDamaged):
        await cell.run()

    assert await is_there(cell)


async def test_a_file_that_rots_before_the_partition_is_dropped_keeps_it(
    cell: OldCell, store: Store
) -> None:
    async with cell.archiver() as archiver, aclosing(archiver.run(JANUARY)) as steps:
        async for step in steps:
            if step.what == "noted":
                break
    flip(cell.archive / FILE)

    with pytest.raises(ArchiveDamaged):
        await cell.run()

    assert await is_there(cell)


async def test_rot_is_an_outage_and_never_another_invoice(cell: OldCell, store: Store) -> None:
    """A bit flipped anywhere in the file: each invoice is as it was, or is not told at all."""
    first, last = cell.receipts["first"].number, cell.receipts["of-7-6"].number
    told = [await store.ledger.read(number) for number in (first, last)]
    await cell.run()
    path = cell.archive / FILE
    whole = path.read_bytes()

    for at in range(0, len(whole), 101):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        fresh = await cell.open()
        for number, invoice in zip((first, last), told, strict=True):
            with suppress(Outage):
                assert await fresh.ledger.read(number) == invoice
        async with cell.archiver() as archiver:
            with pytest.raises(ArchiveDamaged):
                await anext(archiver.check())
        await fresh.close()
    path.write_bytes(whole)
    async with cell.archiver() as archiver:
        assert [step.invoices async for step in archiver.check()] == [50]


@pytest.mark.parametrize("left", [0, 10, 1_000])
async def test_a_file_that_is_away_or_cut_short_is_an_outage(
    cell: OldCell, store: Store, left: int
) -> None:
    await cell.run()
    path = cell.archive / FILE
    path.write_bytes(path.read_bytes()[:left])
    if not left:
        path.unlink()

    with pytest.raises(Outage, match="archive"):
        await store.ledger.read(cell.receipts["first"].number)
    assert await store.ledger.read(cell.receipts["new year"].number)


async def test_the_manifest_says_what_the_file_is(cell: OldCell, store: Store) -> None:
    await cell.run()

    told = msgspec.json.decode((cell.archive / f"{FILE}.json").read_bytes())

    assert told["invoices"] == 50
    assert (told["first_serial"], told["last_serial"]) == (1, 50)
    assert told["bytes"] == (cell.archive / FILE).stat().st_size
    assert told["checkpoint"] == cell.log().note
    assert oct((cell.archive / FILE).stat().st_mode) == "0o100600"


async def test_servers_cannot_write_the_archives_table(cell: OldCell, store: Store) -> None:
    server = await asyncpg.connect(cell.database.app)
    for sql in ("DELETE FROM archive_file", "SELECT close_serials(25311, 2000000)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await server.execute(sql)
    await server.close()


async def test_there_is_one_archiver_at_a_time(cell: OldCell, store: Store) -> None:
    async with cell.archiver():
        with pytest.raises(ArchiverBusy):
            await cell.run()


async def test_partitions_are_as_wide_as_we_believe(cell: OldCell, store: Store) -> None:
    bound = await as_owner(
        cell,
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'batch_26311_0'",
    )
    assert bound == f"FOR VALUES FROM (26311, '0') TO (26311, '{PART_SERIALS}')"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
