"""What is measured of each side, in turns, so that all of them share the minute."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.cell import Cell, grant, running_cell
from bench.drafts import SELLERS, write_drafts
from bench.measure import Measured, Stack, measure
from bench.order import Order
from bench.quorum.members import Members, running_members
from bench.session import BULK, say

ONE, QUORUM, ALONE = "one machine", "three, quorum", "three, not waited for"
"""The sides: a cell of one machine; three members; the same three, and no commit waits for them."""

SIDES = (ONE, QUORUM, ALONE)
OFFERED_PER_S = 1_000
IDLE_S = 3.0
LOGGED_WITHIN_S = 60.0


class Load(NamedTuple):
    connections: int
    batch: int = 0
    rate: float = 0.0


LOADS = {
    "lone": Load(1),
    "offered": Load(256, rate=OFFERED_PER_S),
    "single": Load(256),
    "bulk": Load(16, batch=100),
}
"""One caller who waits for each answer; a rate that all sides bear; the most, one by one and in
batches."""

Found = dict[str, dict[str, list[Measured]]]
"""By side and load, one for each round."""


class Pace(NamedTuple):
    rounds: int = 3
    warm_s: float = 1.0
    measure_s: float = 5.0


class Scene(NamedTuple):
    """Everything that runs."""

    members: Members
    cell: Cell
    drafts: Path
    stacks: dict[str, Stack]


@contextmanager
def set_up(scratch: Path) -> Iterator[Scene]:
    """The cell of one machine stands at the primary's address: the same cable leads to both."""
    drafts = scratch / "drafts"
    sellers = write_drafts(drafts, SELLERS)
    say("starting three members")
    with running_members(scratch) as members:
        space = members.lab.space(members.leader)
        inside = ("ip", "netns", "exec", space)
        with running_cell(scratch / "one", inside=inside, host=members.address) as cell:
            asyncio.run(grant(members.dsn_root, sellers))
            cell.grant(sellers)
            three = members.stack(cell.pid)
            one = msgspec.structs.replace(cell.stack(cell.make_keys()), host=members.address)
            yield Scene(members, cell, drafts, {ONE: one, QUORUM: three, ALONE: three})


def run_rounds(scene: Scene, pace: Pace) -> tuple[Found, list[dict[str, float]]]:
    """All measurements; and, once a round, what three members spend on nobody's behalf.

    Raises Failed.
    """
    found: Found = {side: {load: [] for load in LOADS} for side in SIDES}
    idle = []
    for number in range(1, pace.rounds + 1):
        say(f"round {number} of {pace.rounds}")
        idle.append(_idle(scene.stacks[QUORUM]))
        for side in turned(number):
            with _waiting_as(side, scene.members):
                _measure_side(scene, side, pace, found[side], number)
    return found, idle


def turned(number: int) -> tuple[str, ...]:
    """Every side is first once, and last once: whoever follows inherits caches and checkpoints."""
    at = number % len(SIDES)
    return SIDES[at:] + SIDES[:at]


@contextmanager
def _waiting_as(side: str, members: Members) -> Iterator[None]:
    """The members' settings are as they were when this is left, unless all goes down anyway."""
    if side == ALONE:
        members.wait_for_standby(False)
    yield
    if side == ALONE:
        members.wait_for_standby(True)


def _measure_side(
    scene: Scene, side: str, pace: Pace, found: dict[str, list[Measured]], number: int
) -> None:
    for name, load in LOADS.items():
        stack = scene.stacks[side]
        order = Order(
            port=stack.port,
            host=stack.host,
            path=BULK if load.batch else stack.path,
            drafts=str(scene.drafts),
            keys=f"{os.getpid()}-{SIDES.index(side)}-{number}-{name}-",
            tokens=stack.tokens,
            batch=load.batch,
            connections=load.connections,
            rate=load.rate,
            warm_s=pace.warm_s,
            measure_s=pace.measure_s,
        )
        one = measure(f"{side}: {name}", stack, order)
        found[name].append(one)
        latency = ", ".join(f"{share[:-3]} {one.latency_ms[share]:.1f}" for share in _TOLD)
        say(f"{one.name}: {one.invoices_per_s:,.0f}/s, ms: {latency}")
    scene.members.check_leader()
    _let_it_settle(scene, side)


_TOLD = ("p50_ms", "p99_ms")


def _let_it_settle(scene: Scene, side: str) -> None:
    """The next side does not share the machine with what this one left to be logged."""
    folder = scene.cell.folder.evidence if side == ONE else scene.members.home.cell / "evidence"
    end, before = time.monotonic() + LOGGED_WITHIN_S, ""
    while time.monotonic() < end:
        now = (folder / "checkpoint").read_text() if (folder / "checkpoint").exists() else ""
        if now == before:
            return
        before = now
        time.sleep(1.0)


def _idle(stack: Stack) -> dict[str, float]:
    """Milliseconds of CPU a second, by part, while nobody asks for anything."""
    before, began = stack.spent_s(), time.monotonic()
    time.sleep(IDLE_S)
    after, seconds = stack.spent_s(), time.monotonic() - began
    return {part: 1e3 * (cpu_s - before.get(part, 0.0)) / seconds for part, cpu_s in after.items()}
