"""What an operator does to a cluster: written down before it is done, and after.

The audit log lies in the very database whose primary moves.  So the outcome is written once the
new primary answers; and a pause must be possible on the day when there is no primary at all: it
is then done without, and whoever asked is told so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kaipiao.app.audit import operating, operator
from kaipiao.app.clock import SystemClock
from kaipiao.continuity.cluster import acts
from kaipiao.continuity.cluster.description import Description
from kaipiao.continuity.cluster.route import LOOPBACK
from kaipiao.continuity.cluster.shared import Difference, change_of, differences, read_wanted
from kaipiao.continuity.cluster.view import ClusterView, read_config
from kaipiao.errors import Outage
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.embedded.passwords import APP, compose_dsn_by
from kaipiao.ledger.pool import Pool
from kaipiao.ports import AuditTrail

ANSWERS_WITHIN_S = 20.0
"""So long the route may take to find a new primary, before an outcome is given up."""

LOOK_EVERY_S = 0.3


async def switchover(description: Description, to: str | None, why: str) -> ClusterView:
    """Raises ActRefused, Outage (nothing was done), OSError (unknown: look)."""
    key, who = acts.login_here(description), operator()
    async with _written_down(description, "cluster.switchover", to or "", why=why):
        return await asyncio.to_thread(
            lambda: acts.switchover(description, key, to=to, by=who.name or who.id, why=why)
        )


async def reinit(description: Description, member: str) -> None:
    """Raises ActRefused, Outage (nothing was done), OSError (unknown: look)."""
    key = acts.login_here(description)
    async with _written_down(description, "cluster.reinit", member):
        await asyncio.to_thread(acts.reinit, description, key, member)


def look_at_settings(description: Description) -> list[Difference]:
    """What the members' shared settings should be, by this machine's program, and are not.

    Raises ActRefused: nobody tells, or no member was ever started here.
    """
    try:
        wanted = read_wanted(acts.home_here(description).patroni_file)
        return differences(wanted, read_config(description))
    except OSError as error:
        raise acts.ActRefused(
            zh=f"看不到设置 ({error})。请在有成员运行的机器上执行; 查看: kaipiao cluster status",
            en=f"The settings cannot be seen ({error}). Do this on a machine on which a member "
            "runs. Look: kaipiao cluster status",
        ) from error


async def push_settings(description: Description, found: list[Difference]) -> None:
    """Raises ActRefused, Outage (nothing was done), OSError (unknown: look)."""
    key = acts.login_here(description)
    names = ", ".join(one.name for one in found)
    async with _written_down(description, "cluster.settings", names):
        await asyncio.to_thread(acts.change_config, description, key, change_of(found))


async def set_pause(description: Description, *, is_paused: bool) -> tuple[ClusterView, bool]:
    """How it stands then, and whether it was written down.  Raises ActRefused, OSError."""
    key = acts.login_here(description)
    action, do = ("pause", acts.pause) if is_paused else ("resume", acts.resume)
    found: list[ClusterView] = []
    try:
        async with _written_down(description, f"cluster.{action}", ""):
            found.append(await asyncio.to_thread(do, description, key))
    except Outage:
        return (found or [await asyncio.to_thread(do, description, key)])[0], False
    return found[0], True


@asynccontextmanager
async def _written_down(
    description: Description, action: str, object_: str, **facts: str
) -> AsyncIterator[None]:
    """Raises Outage: before, so nothing was done; or after, so only the outcome is not told."""
    route = f"{LOOPBACK}:{description.ports.route}"
    dsn = compose_dsn_by(route, secrets=acts.home_here(description).secrets, role=APP)
    pool = await Pool.open(dsn)
    trail = AuditRows(pool)
    try:
        async with operating(
            trail, action, object_ or description.name, clock=SystemClock(), **facts
        ):
            yield
            await _until_it_answers(trail)
    finally:
        await pool.close()


async def _until_it_answers(trail: AuditTrail) -> None:
    """Raises Outage after a while."""
    loop = asyncio.get_running_loop()
    until = loop.time() + ANSWERS_WITHIN_S
    while True:
        try:
            await trail.unanswered(older_than_s=ANSWERS_WITHIN_S, limit=1)
            return
        except Outage:
            if loop.time() > until:
                raise
            await asyncio.sleep(LOOK_EVERY_S)
