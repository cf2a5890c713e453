"""One invoice is erased: nothing of it is found anywhere, and nobody else's receipt notices."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.errors import ErasureRefused, InvoiceErased, NoSuchInvoice, Outage
from kaipiao.evidence.keys import open_key
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.fiscal.draft import Party
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.number import InvoiceNumber, split_number
from kaipiao.issuing.erase import SETTLED_AFTER, Erasing
from kaipiao.issuing.issue import compose_entry
from kaipiao.ledger.archive.file import Reader, leaves_of
from kaipiao.ledger.batch import Blob, Place, Rows, Unpacked, key_id
from kaipiao.ledger.scar import NO_SECRET, cut_out, without_secret
from kaipiao.ledger.store import Store
from kaipiao.regimes.cn.retention import keep_until, may_erase
from tests.conftest import Database
from tests.stores import entry
from tests.strategies import make_draft
from tests.unit.ledger.archives import IN_DECEMBER, PART, OldCell

NAME = "被遗忘的人"
PERSON = compose_entry(
    make_draft(4_711, buyer=Party(name=NAME), remark="他的秘密"), IdempotencyKey("his-own-key")
)
NEEDLES = (NAME.encode(), "他的秘密".encode(), b"his-own-key", PERSON.digest[:8])
AROUND = 6
"""Neighbours before and after."""
WHY = "order 1/2026"


@pytest_asyncio.fixture
async def cell(database: Database, tmp_path: Path) -> AsyncIterator[OldCell]:
    made = OldCell(database, tmp_path)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def store(cell: OldCell) -> Store:
    """The server that issued December, the person's invoice in the middle of a crowd."""
    opened = await cell.open()
    await cell.live_through_a_month(opened)
    crowd = [entry(f"around-{n}", n=900 + n) for n in range(2 * AROUND)]
    outcomes = await opened.ledger.record_all([*crowd[:AROUND], PERSON, *crowd[AROUND:]])
    for asked, outcome in zip(crowd, [*outcomes[:AROUND], *outcomes[AROUND + 1 :]], strict=True):
        assert isinstance(outcome, Receipt)
        cell.asked[asked.key], cell.receipts[asked.key] = asked, outcome
    await cell.publish(opened)
    await cell.live_into_january(opened)
    return opened


def erasing_of(cell: OldCell, store: Store, dropped: list[str] | None = None) -> Erasing:
    return Erasing(
        erasures=store.erasures,
        ledger=store.ledger,
        clock=cell.clock,
        may_erase=may_erase,
        keep_until=keep_until,
        drop=(dropped if dropped is not None else []).append,
    )


async def find_person(store: Store) -> Any:
    found = await store.ledger.find_key(PERSON.seller, PERSON.key)
    assert found is not None
    return found


async def erase(cell: OldCell, store: Store) -> str:
    number = (await find_person(store)).number
    await erasing_of(cell, store).erase(number, why=WHY, ground="order", confirm=number)
    return str(number)


async def dump(cell: OldCell) -> bytes:
    """Every row of every table, what is packed in it unpacked, and every file of the cell."""
    connection = await asyncpg.connect(cell.database.owner)
    said: list[bytes] = []
    try:
        tables = await connection.fetch(
            "SELECT c.oid::regclass::text AS name FROM pg_class AS c WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
        )
        for table in tables:
            for row in await connection.fetch(f"SELECT * FROM {table['name']}"):
                for value in row.values():
                    packed = isinstance(value, bytes)
                    said += [value, *unpacked(value)] if packed else [str(value).encode()]
                    if isinstance(value, int):
                        said.append(value.to_bytes(16, "big", signed=True))
    finally:
        await connection.close()
    for path in cell.archive.rglob("*"):
        said.append(path.read_bytes())
        if path.suffix == ".archive":
            with Reader(path) as reader:
                said += [part for frame in reader.frames() for part in unpacked(frame.payload)]
    return b"\n".join(said)


def unpacked(value: bytes) -> list[bytes]:
    try:
        chunks = msgspec.msgpack.decode(value, type=list[bytes])
        return [zstandard.ZstdDecompressor().decompress(chunk) for chunk in chunks]
    except (msgspec.DecodeError, zstandard.ZstdError):
        return []


@pytest.mark.parametrize("archived", [False, True], ids=["in the database", "in the archive"])
async def test_nothing_of_it_is_left_and_nobody_else_notices(
    cell: OldCell, store: Store, archived: bool
) -> None:
    if archived:
        await cell.run()
    person = await find_person(store)
    holder = await store.erasures._reads.holder(*split_number(person.number))
    assert holder is not None
    needles = (*NEEDLES, holder.secret)  # of which his salt could be made again
    before, held = await cell.everything(store), await dump(cell)
    assert all(needle in held for needle in needles)
    await store.pool.execute(
        "INSERT INTO download_link (link_id, number, kind, tenant, seller, created_at, expires_at,"
        " max_uses) VALUES ('l', $1, 'pdf', 't', 'his-own-key', now(), now(), 0)",
        person.number,
    )

    number = await erase(cell, store)

    left = await dump(cell)
    assert [needle for needle in (*needles, person.salt) if needle in left] == []
    for asked in (store, await cell.open()):
        after = await cell.everything(asked)
        before["lists"] = after["lists"]  # without his: looked at below
        assert after == before
        assert number not in str(after["lists"])
    neighbour = await store.ledger.read(cell.receipts["around-5"].number)
    assert neighbour is not None
    receipt = PublishedLog(cell.folder / "evidence").receipt(neighbour)
    vkey = str(open_key(cell.folder / "secrets", "kaipiao.test/log").verifier)
    assert verify_receipt(receipt, vkey).is_genuine


async def test_whoever_asks_hears_when_and_why_and_not_whom(cell: OldCell, store: Store) -> None:
    person = await find_person(store)
    number = await erase(cell, store)
    asker = await cell.open()

    for ask in (
        asker.ledger.read(person.number),
        asker.ledger.find_key(PERSON.seller, PERSON.key),
        asker.ledger.recall(PERSON.seller, PERSON.key, asked=PERSON.asked),
        asker.ledger.record(PERSON),
    ):
        with pytest.raises(InvoiceErased) as refused:
            await ask
        assert refused.value.facts == {"erased_at": "2026-01-20", "why": WHY}
    assert await asker.ledger.find_digest(PERSON.digest) == []
    (outcome, other) = await asker.ledger.record_all([PERSON, entry("after", n=9)])
    assert isinstance(outcome, InvoiceErased)
    assert isinstance(other, Receipt)
    assert other.number > number, "the number is never used again"


async def test_a_server_that_remembers_the_receipt_forgets_it(cell: OldCell, store: Store) -> None:
    assert (await store.ledger.record(PERSON)).replayed
    await erase(cell, store)
    store.group.forget(await store.erasures.keys_since(IN_DECEMBER))

    with pytest.raises(InvoiceErased):
        await store.ledger.record(PERSON)


async def test_credit_and_what_was_taken_back_stay(cell: OldCell, store: Store) -> None:
    drawn = await store.pool.fetch("SELECT * FROM credit_line ORDER BY month")
    first = cell.receipts["first"].number
    taken = await store.ledger.taken_back(first)
    await erasing_of(cell, store).erase(first, why=WHY, ground="order", confirm=first)

    assert await store.pool.fetch("SELECT * FROM credit_line ORDER BY month") == drawn
    assert await store.ledger.taken_back(first) == taken
    assert await store.ledger.red_letters(first) == [cell.receipts["red"].number]
    assert await store.ledger.read(cell.receipts["red"].number) is not None


async def test_what_was_sent_and_what_was_uploaded_goes_too(cell: OldCell, store: Store) -> None:
    person, other = await find_person(store), cell.receipts["around-1"].number
    for number in (person.number, other):
        results = zstandard.compress(f"[{number}]".encode(), 1)
        await store.pool.execute(
            "INSERT INTO import (import_id, asked, tenant, key_id, taxpayers, name, format,"
            " size_bytes, state, uploaded_at, ended_at)"
            " VALUES ($1, '', 't', 'k', '{}', '', 'csv', 1, 'done', $2, $2)",
            number,
            person.issued_at,
        )
        await store.pool.execute(
            "INSERT INTO import_file VALUES ($1, 'upload', $2)",
            number,
            NAME.encode() + number.encode(),
        )
        await store.pool.execute("INSERT INTO import_result VALUES ($1, 0, $2)", number, results)
        await store.pool.execute(
            "INSERT INTO delivery (delivery_id, channel, lane, order_id, tenant, seller, event,"
            " subject, happened_at, body, due_at, give_up_at)"
            " VALUES ($1, 'webhook', 'l', '', 't', 's', 'e', $1, now(), $2, now(), now())",
            number,
            number.encode(),
        )

    await erase(cell, store)

    for table, column in (("import", "import_id"), ("delivery", "subject")):
        rows = await store.pool.fetch(f"SELECT {column} AS it FROM {table}")
        assert [row["it"] for row in rows] == [other]
    assert len(await store.pool.fetch("SELECT FROM import_file")) == 1


async def test_two_of_one_batch_and_the_files_stay_provable(cell: OldCell, store: Store) -> None:
    await cell.run()
    await erase(cell, store)
    other = cell.receipts.pop("around-7").number
    await erasing_of(cell, store).erase(other, why=WHY, ground="unlawful", confirm=other)

    async with cell.archiver() as archiver:
        assert [step.what async for step in archiver.check()] == ["proved"]
    assert sorted(path.name for path in cell.archive.iterdir()) == [
        f"{PART}.r2.archive",
        f"{PART}.r2.archive.json",
    ]
    await cell.everything(store)


async def test_what_is_erased_can_be_archived_afterwards(cell: OldCell, store: Store) -> None:
    await erase(cell, store)
    steps = await cell.run()

    assert [step.what for step in steps if step.part == PART][-1] == "dropped"
    with pytest.raises(InvoiceErased):
        await store.ledger.find_key(PERSON.seller, PERSON.key)


async def test_before_its_time_only_an_order_or_unlawfulness_will_do(
    cell: OldCell, store: Store
) -> None:
    number = (await find_person(store)).number
    erasing = erasing_of(cell, store)
    with pytest.raises(ErasureRefused, match="2055-12-31"):
        await erasing.erase(number, why=WHY, ground="retention-over", confirm=number)
    with pytest.raises(ErasureRefused, match="confirm"):
        await erasing.erase(number, why=WHY, ground="order", confirm="")
    nobody = InvoiceNumber(f"{number[:5]}{'9' * 15}")
    with pytest.raises(NoSuchInvoice):
        await erasing.erase(nobody, why=WHY, ground="order", confirm=nobody)

    assert (await find_person(store)).draft.buyer.name == NAME
    cell.clock.set(IN_DECEMBER.replace(year=2056))
    await erasing.erase(number, why=WHY, ground="retention-over", confirm=number)


class Crash(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("archived", [False, True], ids=["in the database", "in the archive"])
@pytest.mark.parametrize("step", range(6))
async def test_a_crash_before_or_after_any_step_is_repaired_by_whoever_comes(
    cell: OldCell, store: Store, archived: bool, step: int
) -> None:
    if archived:
        await cell.run()
    before, person = await neighbours(cell, store), await find_person(store)
    dying = await cell.open()
    dying.erasures._pool = Dying(dying.pool, step)
    if dying.erasures._rewriter:
        dying.erasures._rewriter._pool = dying.erasures._pool
    with pytest.raises(Crash):
        await erase(cell, dying)

    dropped: list[str] = []
    erasing = erasing_of(cell, store, dropped)
    if not await store.erasures.open():  # it died before it was noted: ask again
        await erase(cell, store)
    assert await erasing.finish_open() == 0, "documents under way are waited for"
    cell.clock.advance(SETTLED_AFTER)
    assert await erasing.finish_open() == 1
    assert dropped == [person.number] * 2
    assert await store.erasures.open() == []

    left = await dump(cell)
    assert [needle for needle in (*NEEDLES, person.salt) if needle in left] == []
    assert await neighbours(cell, store) == before


async def neighbours(cell: OldCell, store: Store) -> list[Any]:
    """What is in the same batch, with its salts; and the leaves of all."""
    numbers = [one.number for key, one in cell.receipts.items() if key.startswith("around")]
    read = [await store.ledger.read(number) for number in numbers]
    return [*read, await store.order.leaves(0, 1_000)]


class Dying:
    """A pool whose process dies before or after one of the statements that change something."""

    CHANGES = ("INSERT", "UPDATE", "DELETE", "SELECT erase_")

    def __init__(self, pool: Any, step: int) -> None:
        self._pool = pool
        self._statement, self._after = divmod(step, 2)

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._pool, name)
        if name not in ("execute", "fetchval", "fetch", "fetchrow"):
            return inner

        async def call(sql: str, *values: object) -> Any:
            if not sql.strip().startswith(self.CHANGES):
                return await inner(sql, *values)
            self._statement -= 1
            if self._statement == -1 and not self._after:
                raise Crash
            answer = await inner(sql, *values)
            if self._statement == -1:
                raise Crash
            return answer

        return call


async def test_an_archive_half_way_is_waited_for(cell: OldCell, store: Store) -> None:
    async with cell.archiver() as archiver:
        async for step in archiver.run(202601):  # type: ignore[arg-type]
            if step.what == "noted":
                break
        with pytest.raises(Outage):
            await erase(cell, store)
    with pytest.raises(Outage, match="half archived"):
        await erasing_of(cell, store).finish_open()

    await cell.run()
    await erasing_of(cell, store).finish_open()
    left = await dump(cell)
    assert [needle for needle in NEEDLES if needle in left] == []


async def test_servers_can_take_out_only_what_was_noted(cell: OldCell, store: Store) -> None:
    person = await find_person(store)
    with pytest.raises(asyncpg.PostgresError, match="KP005"):
        await store.pool.fetchval(
            "SELECT erase_from_batch($1, $2, $3, $4, $5)", 25311, 1, 1, b"", b""
        )
    for statement in ("UPDATE batch SET payload = ''", "DELETE FROM invoice_index"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await store.pool.execute(statement)
    assert person == await find_person(store)


async def test_two_who_erase_at_once_agree(cell: OldCell, store: Store) -> None:
    number = (await find_person(store)).number
    other = cell.receipts.pop("around-3").number
    second = await cell.open()

    async def insist(store: Store, number: Any) -> None:
        while True:
            try:
                erasing = erasing_of(cell, store)
                await erasing.erase(number, why=WHY, ground="order", confirm=number)
                return
            except Outage:
                await asyncio.sleep(0.02)
            except InvoiceErased:
                return

    await asyncio.gather(insist(store, number), insist(second, other), insist(second, number))
    left = await dump(cell)
    assert [needle for needle in NEEDLES if needle in left] == []
    await cell.everything(store)


@settings(max_examples=40)
@given(st.data())
def test_all_others_of_a_batch_keep_their_salts_and_leaves(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 250))
    gone = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=4))
    entries = [entry(f"k{n}", n=n) for n in range(count)]
    place = Place(25311, 7, IN_DECEMBER, data.draw(st.binary(min_size=32, max_size=32).filter(any)))  # type: ignore[arg-type]
    rows = Rows(entries, [key_id(one.seller, one.key) for one in entries], place)
    whole = Unpacked(place.series, 7, count, IN_DECEMBER, place.secret, Blob(rows.payload), 0)
    leaves, secret, payload = leaves_of(whole), place.secret, rows.payload

    for n in gone:
        payload = cut_out(payload, secret=secret, first_serial=7, serial=7 + n, leaf=leaves[n])
        secret = NO_SECRET

    scarred = without_secret(whole, payload)
    assert leaves_of(scarred) == leaves
    assert b"".join(leaves) == rows.leaves
    for n in range(count):
        assert scarred.is_erased(7 + n) == (n in gone)
        if n not in gone:
            assert scarred.invoice(7 + n) == whole.invoice(7 + n)
            assert scarred.receipt(7 + n) == whole.receipt(7 + n)
