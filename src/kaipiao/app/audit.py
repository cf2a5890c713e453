"""What the cell itself and its operator's commands write into the audit log; and its clocks.

cell.start     the settings in force whenever ``kaipiao up`` starts, secrets blotted
unknown        closes an act that was asked for and whose outcome nobody wrote down in time
audit.forget   before events are destroyed because their days are over
"""

import asyncio
import logging
import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from kaipiao.app.settings import LIMITS, SECRET, Settings
from kaipiao.errors import Outage
from kaipiao.evidence.run import Leads, is_sole
from kaipiao.fiscal.audit import CELL, FACTS_MAX, Actor, AuditEvent, Stage, blotted
from kaipiao.gateway.acts import compose_event_id, outcome_of
from kaipiao.gateway.limits import Limits
from kaipiao.ports import AuditTrail, Clock

CLOSE_AFTER_S = 120.0
"""An act takes seconds; one without an outcome for so long lost it."""

CLOCKS_EVERY_S = 60.0
CLOSED_AT_ONCE = 100
BLOTTED = frozenset(SECRET)

log = logging.getLogger(__name__)


def operator() -> Actor:
    """Whoever runs this command on the cell's machine; behind sudo, whoever called that."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user need not be in the list
        name = ""
    if uid == 0 and (caller := os.environ.get("SUDO_USER")):
        name = f"{caller} as {name}"
    return Actor(kind="operator", id=str(uid), name=name)


async def note_start(trail: AuditTrail, settings: Settings, clock: Clock) -> None:
    """The settings in force, those that differ from their defaults.  Raises Outage."""
    shown = sorted(settings_in_force(settings).items())
    parts = [shown[at : at + FACTS_MAX] for at in range(0, len(shown), FACTS_MAX)]
    events = [
        compose(
            "cell.start",
            f"{place}/{len(parts)}",
            actor=operator(),
            clock=clock,
            stage="noted",
            facts=dict(part),
        )
        for place, part in enumerate(parts, start=1)
    ]
    await trail.append(events)


def settings_in_force(settings: Settings) -> dict[str, str]:
    """What differs from its default; of a secret, that there is one."""
    usual_ones = Settings(data="")
    names = [name for name in Settings.__struct_fields__ if name not in (LIMITS, "data")]
    shown = {
        name: "***" if name in BLOTTED else blotted(str(getattr(settings, name)))
        for name in names
        if getattr(settings, name) != getattr(usual_ones, name)
    }
    limits, usual = msgspec.to_builtins(settings.limits), msgspec.to_builtins(Limits())
    shown |= {name: str(value) for name, value in limits.items() if value != usual[name]}
    return shown | {"data": settings.data}


@asynccontextmanager
async def operating(
    trail: AuditTrail, action: str, object_: str, *, clock: Clock, **facts: str
) -> AsyncIterator[None]:
    """An operator's command does something inside, as ``gateway.acts`` says.  Raises Outage."""
    asked = compose(action, object_, actor=operator(), clock=clock, stage="asked", facts=facts)
    await trail.append([asked])
    try:
        yield
    except BaseException as failure:
        with suppress(Outage):
            why = {"why": type(failure).__name__}
            await trail.append([outcome_of(asked, "failed", why, clock=clock)])
        raise
    await trail.append([outcome_of(asked, "done", {}, clock=clock)])


async def keep_audit(
    trail: AuditTrail, clock: Clock, stop: asyncio.Event, *, days: int, leads: Leads = is_sole
) -> None:
    """While we lead, close what nobody closed and forget what is too old; until told to stop."""
    while not stop.is_set():
        try:
            if leads():
                await close_unanswered(trail, clock)
                await forget_old(trail, clock, days=days)
        except Outage as error:
            log.warning("the audit log's clocks wait for the ledger: %r", error)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), CLOCKS_EVERY_S)


async def close_unanswered(
    trail: AuditTrail, clock: Clock, *, older_than_s: float = CLOSE_AFTER_S
) -> int:
    """Write ``unknown`` for acts whose outcome was lost; how many."""
    waiting = await trail.unanswered(older_than_s=older_than_s, limit=CLOSED_AT_ONCE)
    lost = [outcome_of(one.event, "unknown", {}, clock=clock) for one in waiting]
    if lost:
        await trail.append(lost)
    return len(lost)


async def forget_old(trail: AuditTrail, clock: Clock, *, days: int) -> int | None:
    """Destroy what is older than ``days``, having said so; the last place that went."""
    through = await trail.forgettable(days=days)
    if through is None:
        return None
    facts = {"through": str(through), "days": str(days)}
    event = compose("audit.forget", "", actor=CELL, clock=clock, stage="noted", facts=facts)
    await trail.append([event])
    await trail.forget(days=days, through=through)
    return through


def compose(
    action: str, object_: str, *, actor: Actor, clock: Clock, stage: Stage, facts: dict[str, str]
) -> AuditEvent:
    """An event of the cell's own or of its operator's: both may."""
    return AuditEvent(
        event_id=compose_event_id(),
        at=clock.now(),
        actor=actor,
        action=action,
        object=object_,
        decision="allowed",
        rule=actor.kind,
        stage=stage,
        facts=facts,
    )
