"""Three members start at once on one database: they wait for it, and find one key between them."""

import asyncio
import shutil
import time
from pathlib import Path

import asyncpg
import pytest

from kaipiao.app.audit import note_start
from kaipiao.app.database import Database as Addresses
from kaipiao.app.database import database_of
from kaipiao.app.first_key import ensure_first_key
from kaipiao.app.folder import CellFolder
from kaipiao.app.orders import Orders, encode_orders
from kaipiao.app.patience import when_it_answers
from kaipiao.app.prepare import prepare
from kaipiao.app.settings import Settings, SettingsWrong, load_settings
from kaipiao.app.stranger import check_no_stranger
from kaipiao.errors import Outage
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.gateway.identity import hash_token
from kaipiao.ledger.heads import Heads
from kaipiao.ledger.migrate import migrate
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.store import Store
from kaipiao.ports import AuditQuery, TreeHead
from tests.clocks import StoppedClock
from tests.conftest import Database

OWNER, APP = "postgresql://owner:hunter2@db/kaipiao", "postgresql://app:hunter3@db/kaipiao"


def member(folder: Path, database: Database) -> tuple[CellFolder, Settings, Addresses]:
    settings = Settings(data=str(folder), dsn=database.app, dsn_owner=database.owner)
    made = CellFolder(settings.data)
    made.make()
    return made, settings, Addresses(database.owner, database.app, is_ours=False)


async def test_members_with_the_same_secrets_start_together_and_make_nothing_twice(
    database: Database, tmp_path: Path
) -> None:
    first = member(tmp_path / "n1", database)
    await prepare(*first)
    for name in ("n2", "n3", "n4"):
        shutil.copytree(first[0].path / "secrets", tmp_path / name / "secrets")
    root = await asyncpg.connect(database.owner)
    await root.execute("DELETE FROM api_key")  # as on the first start of all
    await root.close()

    members = [member(tmp_path / name, database) for name in ("n2", "n3", "n4")]
    await asyncio.gather(*(prepare(*one) for one in members))

    keys = {(folder.secrets / VKEY_NAME).read_text() for folder, *_ in (first, *members)}
    assert len(keys) == 1
    store = await Store.open(database.app, clock=StoppedClock(), area=31, channel=1)
    assert len(await store.directory.keys()) == 1
    await store.close()


async def test_a_member_without_its_secrets_makes_no_key_of_its_own(
    database: Database, tmp_path: Path
) -> None:
    folder, settings, addresses = member(tmp_path, database)
    await check_no_stranger(folder, settings, addresses)  # nobody signed yet: a new cell
    pool = await Pool.open(database.app)
    await Heads(pool).swap(settings.log_origin, None, TreeHead(1, bytes(32)))
    await pool.close()

    with pytest.raises(SettingsWrong, match="secrets"):
        await prepare(folder, settings, addresses)
    assert not (folder.secrets / VKEY_NAME).exists()


async def test_a_start_waits_for_the_database_and_no_longer_than_it_says() -> None:
    answers = [Outage("postgresql"), Outage("postgresql"), None]

    async def act() -> None:
        if answer := answers.pop(0):
            raise answer

    async def never() -> None:
        raise Outage("postgresql")

    assert await when_it_answers(act, stop=asyncio.Event(), within_s=5)
    assert answers == []
    with pytest.raises(Outage):
        await when_it_answers(never, stop=asyncio.Event(), within_s=0.2)


async def test_who_is_told_to_stop_waits_no_longer() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, stop.set)
    started = time.monotonic()

    assert not await when_it_answers(lambda: asyncio.sleep(60), stop=stop, within_s=60)
    assert time.monotonic() - started < 5


async def test_migrating_where_nobody_writes_is_an_outage_and_no_defect(
    database: Database,
) -> None:
    """A route may lead to a standby for a moment."""
    root = await asyncpg.connect(database.owner)
    await root.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    await root.close()

    with pytest.raises(Outage):
        await migrate(database.owner)


async def test_the_owners_address_is_for_migrations_and_no_child_learns_it() -> None:
    settings = Settings(data="-", dsn=APP, dsn_owner=OWNER)
    async with database_of(settings) as database:
        assert (database.owner, database.app) == (OWNER, APP)
    async with database_of(Settings(data="-", dsn=APP)) as database:
        assert (database.owner, database.app) == (APP, APP)

    assert b"hunter2" not in encode_orders(Orders(settings=settings, dsn=APP, name="work"))
    assert "hunter" not in repr(settings)


def test_an_owner_without_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="dsn_owner"):
        load_settings({"data": str(tmp_path)}, {"KAIPIAO_DSN_OWNER": OWNER})


async def test_no_address_stands_in_the_audit_log(database: Database) -> None:
    store = await Store.open(database.app, clock=StoppedClock(), area=31, channel=1)
    await note_start(store.audit, Settings(data="-", dsn=APP, dsn_owner=OWNER), StoppedClock())
    [told] = await store.audit.page(AuditQuery(), limit=1)
    await store.close()

    assert "hunter" not in str(told)
    assert "dsn_owner" in str(told)


async def test_making_the_first_key_again_is_harmless_and_another_key_is_not_taken_for_it(
    database: Database, tmp_path: Path
) -> None:
    folder = CellFolder(str(tmp_path))
    folder.make()
    store = await Store.open(database.app, clock=StoppedClock(), area=31, channel=1)
    await ensure_first_key(folder, store.directory, store.audit, StoppedClock())
    [key] = await store.directory.keys()
    await store.directory.add_key(key, _hash(folder))
    with pytest.raises(AssertionError):
        await store.directory.add_key(key, bytes(32))
    await store.close()


def _hash(folder: CellFolder) -> bytes:
    return hash_token(folder.first_key.read_text().strip())
