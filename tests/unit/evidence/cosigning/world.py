"""A log, a policy and witnesses on loopback, put together as a cell does it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, WITNESSED_NAME, Checkpoint
from kaipiao.evidence.checkpoint import parse_checkpoint as checkpoint_of
from kaipiao.evidence.cosigning.caller import Caller
from kaipiao.evidence.cosigning.desk import Desk
from kaipiao.evidence.cosigning.first import AskWitnesses
from kaipiao.evidence.cosigning.gather import Gathering
from kaipiao.evidence.cosigning.memory import Trouble
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.note import Note, parse_note
from kaipiao.evidence.policy import Policy, parse_policy
from kaipiao.evidence.writer import LogWriter
from tests.unit.evidence.cosigning.loopback import Standin, on_loopback
from tests.unit.evidence.fakes import NOW, MemoryOrder, make_leaves, make_signer
from tests.unit.evidence.witnessed import policy_text

NAMES = ["bureau", "auditor", "archive"]
LEAVES = make_leaves(3000)
SIGNER = make_signer()


class MovingClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class World:
    def __init__(
        self, folder: Path, policy: Policy, standins: dict[str, Standin], clock: MovingClock
    ) -> None:
        self.folder = folder / "log"
        self.disk = LocalDisk(self.folder)
        self.policy = policy
        self.standins = standins
        self.clock = clock
        self.order = MemoryOrder()
        self.http = httpx.AsyncClient(trust_env=False)
        self.told: list[str] = []
        self.desks = [Desk(witness, self.http) for witness in policy.witnesses.values()]
        self.callers = {desk.witness.name: Caller(desk, clock) for desk in self.desks}
        self.gathering = self.new_gathering()

    def new_gathering(self) -> Gathering:
        return Gathering(
            disk=self.disk, policy=self.policy, callers=self.callers.values(), clock=self.clock
        )

    def writer(self, *, asks: bool = False) -> LogWriter:
        ask = AskWitnesses(
            policy=self.policy,
            desks=self.desks,
            signer=SIGNER,
            key=SIGNER.verifier,
            order=self.order,
            disk=self.disk,
            clock=self.clock,
            tell=self.tell,
        )
        return LogWriter(
            order=self.order,
            heads=self.order.heads,
            disk=self.disk,
            signer=SIGNER,
            clock=self.clock,
            before_signing=ask if asks else None,
        )

    async def tell(self, trouble: Trouble | None) -> None:
        self.told.append(trouble.en if trouble else "")

    async def publish(self, size: int, leaves: Sequence[bytes] = LEAVES) -> None:
        """The log grows to ``size``."""
        self.order.commit(leaves[len(self.order.committed) : size])
        with self.writer() as writer:
            await writer.advance()

    async def witnessed_at(self, size: int) -> None:
        """The log grows to ``size`` and all who can have cosigned it."""
        await self.publish(size)
        assert await self.gathering.round()

    def witnessed(self) -> Note | None:
        path = self.folder / WITNESSED_NAME
        return parse_note(path.read_text()) if path.exists() else None

    def witnessed_second(self) -> int:
        note = self.witnessed()
        assert note is not None
        at = self.policy.witnessed_at(note)
        assert at is not None
        return at

    def witnesses_of(self, note: Note | None) -> set[str]:
        assert note is not None
        keys = {name: one.key for name, one in self.policy.witnesses.items()}
        return {name for name, key in keys.items() if key.cosigned_at(note) is not None}

    def published(self) -> Checkpoint | None:
        path = self.folder / CHECKPOINT_NAME
        return checkpoint_of(parse_note(path.read_text()).text) if path.exists() else None


@asynccontextmanager
async def world(
    folder: Path, *, threshold: int = 2, dead: Sequence[str] = ()
) -> AsyncIterator[World]:
    """Three witnesses; the dead ones have an address where nobody listens."""
    clock = MovingClock()
    async with AsyncExitStack() as stack:
        standins = {
            name: stack.enter_context(
                on_loopback(Standin(name, folder / name, SIGNER.verifier, clock))
            )
            for name in NAMES
        }
        urls = {name: standin.url for name, standin in standins.items()}
        urls |= dict.fromkeys(dead, "http://127.0.0.1:9")
        made = World(folder, parse_policy(policy_text(threshold, NAMES, urls)), standins, clock)
        stack.push_async_callback(made.http.aclose)
        yield made
