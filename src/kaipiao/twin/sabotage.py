"""Whoever breaks things on purpose, beside the messages that break by chance."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from kaipiao.fiscal.month import month_bounds, tax_month
from kaipiao.twin.cell import LogProcess, Process, Server, World

PAUSES_S = (0.3, 1.0, 3.0)
ACTS_TO_A_POWER_CUT = 40


async def sabotage(world: World, servers: Sequence[Server], log: LogProcess) -> None:
    """Break something every now and then, until cancelled."""
    pause_s = world.rng.choice(PAUSES_S)
    breaker = _Breaker(world, servers, log)
    deeds = (
        breaker.kill_one,
        breaker.kill_one,
        breaker.kill_log,
        breaker.kill_all,
        breaker.cut_power,
        breaker.fill_disk,
        breaker.step_one_clock,
        breaker.step_one_clock,
        breaker.let_days_pass,
        breaker.let_the_month_end,
        breaker.change_the_law,
        *[breaker.send_the_clerks] * 4,
    )
    while True:
        await asyncio.sleep(world.rng.expovariate(1 / pause_s))
        world.rng.choice(deeds)()


class _Breaker:
    def __init__(self, world: World, servers: Sequence[Server], log: LogProcess) -> None:
        self._world = world
        self._servers = servers
        self._log = log
        self._rng = world.rng

    def kill_one(self) -> None:
        self._rng.choice(self._servers).crash("by kill -9")

    def kill_log(self) -> None:
        self._log.crash("by kill -9")

    def kill_all(self) -> None:
        everyone: list[Process] = [*self._servers, self._log]
        for process in everyone:
            process.crash("with all others")

    def cut_power(self) -> None:
        """At one of the next acts of the disk."""
        disk = self._world.disk
        disk.fuse = disk.acts + self._rng.randint(1, ACTS_TO_A_POWER_CUT)

    def fill_disk(self) -> None:
        """Full now and then, or not any more."""
        disk = self._world.disk
        disk.chance_full = 0.0 if disk.chance_full else 0.2
        self._world.journal.note(f"disk full: {disk.chance_full}")

    def step_one_clock(self) -> None:
        """A time server that was wrong, or is right again: back or forward, one process only."""
        by = timedelta(seconds=round(self._rng.gauss(0, 1) * self._rng.choice((1, 60, 7200))))
        clock = self._rng.choice(self._servers).clock
        clock.jump(by)
        self._world.journal.note(f"a clock steps {by}, to {clock.now()}")

    def let_days_pass(self) -> None:
        self._world.pass_time(timedelta(hours=self._rng.choice((5, 24, 71, 72, 73))))

    def let_the_month_end(self) -> None:
        """Up to some seconds before midnight in Beijing."""
        now: datetime = self._world.true_clock.now()
        _, end = month_bounds(tax_month(now))
        self._world.pass_time(end - now - timedelta(seconds=self._rng.randint(0, 5)))

    def change_the_law(self) -> None:
        self._world.is_strict = not self._world.is_strict
        self._world.journal.note(f"the law is strict: {self._world.is_strict}")

    def send_the_clerks(self) -> None:
        """Forms lapse and months open, at whichever server is up."""
        server = self._rng.choice(self._servers)
        if server.is_up:
            server.spawn(_round(server))


async def _round(server: Server) -> None:
    await server.desk.confirming.lapse()
    await server.desk.store.credit.roll(tax_month(server.clock.now()))
