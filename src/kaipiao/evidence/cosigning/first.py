"""Before the first signature: what have the witnesses seen of us? (恢复后先问见证方)

A cell that was restored to an older state, folder and ledger both, does not know that it once
said more.  Its witnesses do.  So a log process asks them when it starts, and signs only if

- nobody has cosigned a larger tree than the ledger can continue,
- nobody shows another root for a size that we have, and
- those who did not answer are too few to have made a quorum without the others.

The witness is asked by offering it the empty tree, which says nothing and which every log begins
with: if it holds more, it answers with the size.  What it shows to monitors tells the root.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from kaipiao.errors import Outage
from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.cosigning.desk import (
    Desk,
    WitnessHolds,
    WitnessLied,
    WitnessRefused,
    WitnessSilent,
)
from kaipiao.evidence.cosigning.memory import Trouble
from kaipiao.evidence.disk import Disk
from kaipiao.evidence.edge import Edge
from kaipiao.evidence.merkle import EMPTY_ROOT, leaf_hash
from kaipiao.evidence.note import Signer, VerifierKey, compose_note
from kaipiao.evidence.policy import Policy
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.recovery import LogBroken, read_on
from kaipiao.ports import Clock, LeafOrder

MEMBERS = "(told by another member)"
WAY_OUT = "see docs/how-to/witnesses.md"
_log = logging.getLogger(__name__)


class WitnessesContradict(LogBroken):
    """Signing would break our word, which the witnesses have heard."""

    def __init__(self, *, zh: str, en: str) -> None:
        self.trouble = Trouble(
            f"{zh}: 不再签名, 见 docs/how-to/witnesses.md", f"{en}: nothing is signed; {WAY_OUT}"
        )
        super().__init__(self.trouble.en)


class WitnessesKnowMore(WitnessesContradict):
    """Witnesses cosigned a larger tree than the ledger has: it was restored to an older state."""


class WitnessesKnowOther(WitnessesContradict):
    """Witnesses cosigned another tree than the ledger leads to: it took another way."""


class Seen(NamedTuple):
    """What one witness says of our log."""

    size: int
    shown: Checkpoint | None  # perhaps older; with a root


class AskWitnesses:
    """Awaited with the recovered edge, before the log process signs for the first time."""

    def __init__(
        self,
        *,
        policy: Policy,
        desks: Sequence[Desk],
        signer: Signer,
        key: VerifierKey,
        order: LeafOrder,
        disk: Disk,
        clock: Clock,
        tell: Callable[[Trouble | None], Awaitable[None]],
        known: Callable[[], Awaitable[Checkpoint | None]] | None = None,
    ) -> None:
        """``tell`` is given what keeps us from signing, for status pages; None: nothing does.

        ``known`` is the last cosigned checkpoint that any member of the cell told the others of.
        """
        self._policy = policy
        self._order = order
        self._disk = disk
        self._desks = tuple(desks)
        self._key = key
        self._clock = clock
        self._tell = tell
        self._known = known
        empty = Checkpoint(key.name, 0, EMPTY_ROOT)
        self._empty = compose_note(compose_checkpoint(empty), [signer])

    async def __call__(self, edge: Edge) -> None:
        """Returns if signing is safe.

        Raises:
            WitnessesKnowMore, WitnessesKnowOther: nothing may be signed.
            Outage: too few answered; ask again.
        """
        size = await self._order.sequence()
        answers = await asyncio.gather(*(self._ask(desk) for desk in self._desks))
        seen = {
            desk.witness.name: one
            for desk, one in zip(self._desks, answers, strict=True)
            if one is not None
        }
        if self._known is not None and (known := await self._known()) is not None:
            seen[MEMBERS] = Seen(known.size, known)
        try:
            self._check_sizes(size, seen)
            await self._check_roots(edge, seen)
        except WitnessesContradict as broken:
            await self._tell(broken.trouble)
            raise
        await self._check_enough(seen)
        await self._tell(None)

    async def _ask(self, desk: Desk) -> Seen | None:
        try:
            size, shown = await self._size_at(desk), await desk.last_cosigned(self._key)
            return Seen(max(size, shown.size if shown else 0), shown)
        except (WitnessSilent, WitnessRefused, WitnessLied) as error:
            _log.warning("witness %s does not say what it saw: %s", desk.witness.name, error)
            return None

    async def _size_at(self, desk: Desk) -> int:
        now = int(self._clock.now().timestamp())
        try:
            answer = await desk.add_checkpoint(0, (), self._empty, now=now)
        except WitnessRefused as refused:
            if refused.is_unknown_log:
                return 0
            raise
        return answer.size if isinstance(answer, WitnessHolds) else 0

    def _check_sizes(self, size: int, seen: dict[str, Seen]) -> None:
        ahead = {name: one.size for name, one in seen.items() if one.size > size}
        if ahead:
            told = ", ".join(f"{name} {count}" for name, count in ahead.items())
            raise WitnessesKnowMore(
                zh=f"账本有 {size} 项, 见证方已联署更多 ({told}), 账本被恢复到了较旧的状态",
                en=f"the ledger has {size} leaves, witnesses cosigned more ({told}), so it was "
                "restored to an older state",
            )

    async def _check_roots(self, edge: Edge, seen: dict[str, Seen]) -> None:
        for name, (_, shown) in seen.items():
            if shown is not None and await self._root_at(edge, shown.size) != shown.root:
                raise WitnessesKnowOther(
                    zh=f"见证方 {name} 联署的 {shown.size} 项与账本不同",
                    en=f"witness {name} cosigned another tree of {shown.size} leaves than the "
                    "ledger's",
                )

    async def _root_at(self, edge: Edge, size: int) -> bytes:
        """The root of the ledger's first leaves: from the tiles where they have it, else anew."""
        if size <= edge.size:
            try:
                return await asyncio.to_thread(TileReader(self._disk.read).root, size)
            except TilesDamaged:  # a size that this folder never published
                edge = Edge()
        leaves = await read_on(self._order, edge, size)
        return edge.frontier.grow([leaf_hash(leaf) for leaf in leaves])[0].root()

    async def _check_enough(self, seen: dict[str, Seen]) -> None:
        """Could those who are silent have witnessed something that the others know nothing of?"""
        silent = [desk.witness.name for desk in self._desks if desk.witness.name not in seen]
        if silent and self._policy.is_quorum(silent):
            names = ", ".join(silent)
            zh = f"说出所见的见证方太少 (无应答: {names}): 等待中, 见 docs/how-to/witnesses.md"
            en = f"too few witnesses say what they saw (silent: {names}): waiting; {WAY_OUT}"
            await self._tell(Trouble(zh, en))
            _log.error("nothing is signed: %s", en)
            raise Outage("witnesses")
