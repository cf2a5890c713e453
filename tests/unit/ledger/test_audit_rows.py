"""What PostgreSQL itself refuses to do to the audit log, and what it forgets in time."""

import asyncpg
import pytest

from kaipiao.fiscal.audit import leaf_of_event
from kaipiao.ledger.embedded.passwords import ROOT
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.store import Store
from tests.conftest import Database
from tests.contract.test_audit import make_event

CHANGES = (
    "UPDATE audit_event SET content = content",
    "UPDATE audit_leaf SET leaf = leaf",
    "DELETE FROM audit_event",
    "DELETE FROM audit_leaf",
    "TRUNCATE audit_event",
    "TRUNCATE audit_leaf CASCADE",
)
BY_SERVERS = (
    *CHANGES,
    "INSERT INTO audit_leaf VALUES (9, decode(repeat('00', 32), 'hex'))",
    "UPDATE audit_state SET size = 0",
    "DELETE FROM audit_open",
)


@pytest.mark.parametrize("change", BY_SERVERS)
async def test_the_role_of_the_servers_may_change_nothing(
    store: Store, database: Database, change: str
) -> None:
    await store.audit.append([make_event()])

    assert await refusal(database.app, change) == "42501"


@pytest.mark.parametrize("change", CHANGES)
async def test_nor_may_the_owner_of_the_tables(
    store: Store, database: Database, change: str
) -> None:
    await store.audit.append([make_event()])

    assert await refusal(database.owner, change) == "42501"


async def test_what_is_old_is_forgotten_and_its_leaf_stays(
    store: Store, database: Database, postgres: EmbeddedPostgres
) -> None:
    await store.audit.append([make_event(n) for n in range(4)])
    leaves = await store.audit_order.leaves(0, 10)
    await age(postgres, database, "400 days", below=3)
    await age(postgres, database, "200 days", below=2)

    assert await store.audit.forgettable(days=184) == 2
    assert await store.audit.forget(days=184, through=1) == 2
    assert await store.audit.forget(days=184, through=9) == 3

    assert await store.audit.kept() == (3, 4)
    assert await store.audit.read(make_event(0).event_id) is None
    assert await store.audit_order.leaves(0, 10) == leaves
    [kept] = await store.audit.unanswered(older_than_s=-1)
    assert leaf_of_event(kept.content, kept.salt) == leaves[3]


async def test_half_a_year_is_kept_whatever_is_asked(
    store: Store, database: Database, postgres: EmbeddedPostgres
) -> None:
    await store.audit.append([make_event(1)])
    await age(postgres, database, "180 days", below=1)

    assert await store.audit.forget(days=1, through=0) == 0


async def refusal(dsn: str, change: str) -> str:
    """The SQLSTATE with which a change was refused; empty if it was done."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(change)
    except asyncpg.PostgresError as error:
        return error.sqlstate or ""
    finally:
        await connection.close()
    return ""


async def age(postgres: EmbeddedPostgres, database: Database, by: str, *, below: int) -> None:
    """Make the first events older: only a superuser, without the triggers, can."""
    root = await asyncpg.connect(postgres.dsn(ROOT, database=database.name))
    try:
        await root.execute("SET session_replication_role = replica")
        await root.execute(
            f"UPDATE audit_event SET recorded_at = now() - interval '{by}'"
            f" WHERE log_index < {below}"
        )
    finally:
        await root.close()
