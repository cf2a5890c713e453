"""What the cell itself writes into the audit log: its settings, and what it forgets."""

import asyncio

import asyncpg
import pytest

from kaipiao.app.audit import forget_old, keep_audit, note_start, operating, settings_in_force
from kaipiao.app.settings import Settings
from kaipiao.errors import Outage
from kaipiao.gateway.limits import Limits
from kaipiao.ledger.embedded.passwords import ROOT
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.store import Store
from kaipiao.ports import AuditQuery
from tests.clocks import StoppedClock
from tests.conftest import Database

SECRET = "postgresql://u:hunter2@db/kaipiao"


def test_settings_that_differ_are_told_and_secrets_blotted() -> None:
    limits = Limits(max_headers=7)
    settings = Settings(
        data="/srv/cell", dsn=SECRET, workers=3, limits=limits, public_url="https://u:pw@cell/a@b"
    )

    shown = settings_in_force(settings)

    wanted = {"data": "/srv/cell", "dsn": "***", "workers": "3", "max_headers": "7"}
    wanted["public_url"] = "https://***@cell/a@b"
    assert shown == wanted
    assert settings_in_force(Settings(data="d")) == {"data": "d"}


async def test_many_settings_are_told_in_several_events(store: Store, clock: StoppedClock) -> None:
    settings = Settings(
        data="d", dsn=SECRET, workers=3, area=33, channel=2, platform="p", verify_limit=7,
        deliverers=2, public_url="https://x", mail_host="h", mail_port=25, mail_from="a@b",
    )  # fmt: skip

    await note_start(store.audit, settings, clock)

    found = [one.event for one in await store.audit.page(AuditQuery())]
    assert [one.object for one in found] == ["2/2", "1/2"]
    assert (found[0].facts | found[1].facts) == settings_in_force(settings)
    assert found[0].actor.kind == "operator"
    assert "hunter2" not in str(found)


async def test_a_command_that_fails_says_so(store: Store, clock: StoppedClock) -> None:
    with pytest.raises(OSError, match="disk"):
        async with operating(store.audit, "archive.run", "2025-01", clock=clock):
            raise OSError("disk")

    failed, asked = (one.event for one in await store.audit.page(AuditQuery()))
    assert (asked.stage, failed.stage, failed.facts) == ("asked", "failed", {"why": "OSError"})


async def test_forgetting_is_told_before_it_is_done(
    store: Store, clock: StoppedClock, database: Database, postgres: EmbeddedPostgres
) -> None:
    for _ in range(3):
        await note_start(store.audit, Settings(data="d"), clock)
    assert await forget_old(store.audit, clock, days=200) is None
    await age(postgres, database)

    assert await forget_old(store.audit, clock, days=400) is None
    assert await forget_old(store.audit, clock, days=200) == 1

    told = (await store.audit.page(AuditQuery(action="audit.forget")))[0].event
    assert told.facts == {"days": "200", "through": "1"}
    assert await store.audit.kept() == (2, 4)


async def test_the_clocks_outlive_an_outage(clock: StoppedClock) -> None:
    class Away:
        async def unanswered(self, **_: object) -> object:
            stop.set()
            raise Outage("ledger")

    stop = asyncio.Event()
    await asyncio.wait_for(keep_audit(Away(), clock, stop, days=200), 5)  # type: ignore[arg-type]


async def age(postgres: EmbeddedPostgres, database: Database) -> None:
    root = await asyncpg.connect(postgres.dsn(ROOT, database=database.name))
    try:
        await root.execute("SET session_replication_role = replica")
        await root.execute(
            "UPDATE audit_event SET recorded_at = now() - interval '300 days' WHERE log_index < 2"
        )
    finally:
        await root.close()
