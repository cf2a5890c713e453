"""A cell in the virtual world: what outlives a process, and the processes, which die.

World   tables, disk, true time, weather, chance, journal
Server  one process that answers; it dies with all its work in flight and comes back
LogProcess  the one that writes the log, on a disk that loses power
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any, Self, TypeVar

import msgspec

from kaipiao.base.canonical import canonical
from kaipiao.errors import Outage, Refusal
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME
from kaipiao.evidence.keys import Ed25519Signer
from kaipiao.evidence.recovery import LogBroken
from kaipiao.evidence.run import run_log
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.leaf import SECRET_BYTES
from kaipiao.fiscal.violation import Violation
from kaipiao.issuing.confirm import Confirming
from kaipiao.issuing.issue import Issuing, Law
from kaipiao.issuing.reverse import Reversing
from kaipiao.issuing.verify import Verifying
from kaipiao.ports import Clock
from kaipiao.regimes.cn.policy import confirm_within
from kaipiao.regimes.cn.rules import check, check_composed
from kaipiao.twin.clock import VirtualClock
from kaipiao.twin.disk import FragileDisk, PowerCut
from kaipiao.twin.faults import Died, StormyWire, Weather
from kaipiao.twin.journal import Journal
from kaipiao.twin.memory import Habits, Memory, MemoryStore
from kaipiao.twin.wire import ShortWire, Wire

T = TypeVar("T")

ORIGIN = "twin.example/31-1"
BLOCK_SIZE = 12
"""Small, so that blocks run out and change hands often."""
AWAY_S = 0.5
"""Mean time between the death of a process and its next life."""
DAILY_LIMIT = 5


class Desk:
    """The use cases of one process, wired as the real one wires them."""

    issuing_of: type[Issuing] = Issuing
    reversing_of: type[Reversing] = Reversing
    confirming_of: type[Confirming] = Confirming

    def __init__(self, store: MemoryStore, clock: Clock, law: Law) -> None:
        self.store = store
        self.clock = clock
        self.issuing = self.issuing_of(ledger=store.ledger, clock=clock, law=law)
        self.reversing = self.reversing_of(
            ledger=store.ledger,
            uses=store.uses,
            confirmations=store.confirmations,
            clock=clock,
            law=check_composed,
        )
        self.confirming = self.confirming_of(
            reversing=self.reversing,
            uses=store.uses,
            confirmations=store.confirmations,
            clock=clock,
            answer_within=confirm_within,
        )
        self.verifying = Verifying(
            ledger=store.ledger,
            counter=store.verify_counter,
            clock=clock,
            daily_limit=DAILY_LIMIT,
        )

    async def enter(self, draft: Draft, key: IdempotencyKey) -> Receipt:
        """Issue by the way of the gateway's express lane, which has no coroutine to spare."""
        told: asyncio.Future[Receipt | Exception] = asyncio.get_running_loop().create_future()

        def tell(outcome: Receipt | Exception) -> None:
            if not told.done():  # done: this process is dying
                told.set_result(outcome)

        if not self.issuing.enter(draft, key=key, payload=canonical(draft), tell=tell):
            return await self.issuing.issue(draft, key=key)
        if isinstance(outcome := await told, Receipt):
            return outcome
        raise outcome


class StormyDisk(FragileDisk):
    """Sometimes full; and it shows every checkpoint that a reader could have seen."""

    def __init__(self, rng: Random, seen: list[bytes]) -> None:
        super().__init__(rng)
        self.seen = seen
        self.chance_full = 0.0

    def blank(self) -> Self:
        return type(self)(self._rng, self.seen)

    def write(self, name: str, content: bytes) -> None:
        if self.chance_full and self._rng.random() < self.chance_full:
            raise OSError(28, "No space left on device")
        super().write(name, content)

    def rename(self, old: str, new: str) -> None:
        super().rename(old, new)
        if new == CHECKPOINT_NAME:
            self.seen.append(self.read(new))


class Parts(msgspec.Struct, frozen=True):
    """What a cell is made of.  A test puts a broken part here, to see it found."""

    memory: Callable[[], Memory] = Memory
    store: Callable[[Memory, Habits, Wire], MemoryStore] = MemoryStore.open
    desk: Callable[[MemoryStore, Clock, Law], Desk] = Desk
    disk: Callable[[Random, list[bytes]], StormyDisk] = StormyDisk


class World:
    """What outlives every process.  ``after`` is called when a statement is done."""

    def __init__(self, seed: int, *, parts: Parts, weather: Weather, began_at: datetime) -> None:
        self.seed = seed
        self.rng = Random(seed)  # noqa: S311 - chance to be repeated, not to be kept secret
        self.parts = parts
        self.weather = weather
        self.true_clock = VirtualClock(began_at)
        self.journal = Journal()
        self.memory = parts.memory()
        self.notes_seen: list[bytes] = []
        self.disk = parts.disk(self.rng, self.notes_seen)
        self.signer = Ed25519Signer(ORIGIN, sha256(b"the twin's own key").digest())
        self.clocks = [self.true_clock]
        self.is_strict = False
        self.after: Callable[[str], object] = str  # nobody looks yet
        self.defects: list[str] = []

    def clock(self) -> VirtualClock:
        """One more clock, that is right until somebody steps it."""
        self.clocks.append(self.true_clock.copy())
        return self.clocks[-1]

    def pass_time(self, by: timedelta) -> None:
        """Days in which nobody does anything: every clock goes on."""
        self.journal.note(f"{by} pass")
        for clock in self.clocks:
            clock.jump(by)

    def calm(self) -> None:
        """From now on nothing breaks that is not broken yet."""
        self.weather.calm()
        self.disk.fuse, self.disk.chance_full = None, 0.0

    def law(self, draft: Draft, *, on: date) -> list[Violation]:
        """The real law; one day it abolishes a rate, as laws do."""
        found = check(draft, on=on)
        if self.is_strict and any(line.rate_bp == 300 for line in draft.lines):
            found = [*found, Violation(code="rate-abolished", path="", zh="", en="")]
        return found

    def secret(self) -> bytes:
        return self.rng.randbytes(SECRET_BYTES)

    def wire(self, sender: "Process") -> StormyWire:
        return StormyWire(
            sender,
            rng=self.rng,
            weather=self.weather,
            journal=self.journal,
            after=lambda what: self.after(what),
        )

    def store(self, clock: Clock, wire: Wire) -> MemoryStore:
        habits = Habits(clock=clock, block_size=BLOCK_SIZE, secret=self.secret)
        return self.parts.store(self.memory, habits, wire)

    def calm_desk(self) -> Desk:
        """A process that nothing happens to."""
        clock = self.clock()
        return self.parts.desk(self.store(clock, ShortWire()), clock, self.law)


class Process:
    """Something that dies with all its work in flight, and comes back."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.world = world
        self.clock = world.clock()
        self.is_up = False
        self._work: dict[asyncio.Task[Any], None] = {}  # a set would have no order
        self.start()

    def start(self) -> None:
        self.wire = self.world.wire(self)
        self.store = self.world.store(self.clock, self.wire)
        self.is_up = True

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.get_running_loop().create_task(work)
        self._work[task] = None
        task.add_done_callback(self._forget)
        return task

    def crash(self, why: str) -> None:
        """Die now.  The database notices that the connection is gone."""
        if not self.is_up:
            return
        self.world.journal.note(f"{self.name} dies {why}")
        self.is_up = False
        self.wire.is_cut = True
        for task in list(self._work):
            task.cancel()
        self.store.ledger.end()
        loop = asyncio.get_running_loop()
        loop.call_later(self.world.rng.expovariate(1 / AWAY_S), self.start)

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self._work.pop(task, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, Died):
            self.hear_of(error)

    def hear_of(self, error: BaseException) -> None:
        """Work ended badly."""
        raise NotImplementedError


class Server(Process):
    def start(self) -> None:
        super().start()
        self.desk = self.world.parts.desk(self.store, self.clock, self.world.law)

    def hear_of(self, error: BaseException) -> None:
        if not isinstance(error, Refusal | Outage):  # else whoever asked hears it
            self.world.defects.append(f"{self.name} failed: {error!r}")


class LogProcess(Process):
    """Runs the real log writer.  A power cut takes its disk back to what was forced."""

    is_retired = False

    def start(self) -> None:
        if self.is_retired:
            return
        super().start()
        writer = LogWriter(
            order=self.store.order,
            heads=self.store.heads,
            disk=self.world.disk,
            signer=self.world.signer,
            clock=self.clock,
        )
        self.spawn(run_log(writer, stop=asyncio.Event()))

    def hear_of(self, error: BaseException) -> None:
        if isinstance(error, PowerCut):
            self.world.disk = self.world.disk.after_power_cut()
            self.crash("in a power cut")
        elif isinstance(error, LogBroken):
            self.world.defects.append(f"the log is broken: {error!r}")
        else:
            self.world.defects.append(f"the log writer failed: {error!r}")

    def retire(self) -> None:
        """Die once more, and do not come back."""
        self.crash("for good")
        self.is_retired = True
