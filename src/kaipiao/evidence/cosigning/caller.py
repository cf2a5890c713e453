"""One witness and what we know of it: where it stands, how it answers, when to ask it again."""

import asyncio
import logging

import msgspec

from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.cosigning.desk import (
    Cosigned,
    Desk,
    WitnessHolds,
    WitnessLied,
    WitnessRefused,
    WitnessSilent,
)
from kaipiao.evidence.cosigning.memory import Mood, WitnessStanding
from kaipiao.evidence.note import Signature
from kaipiao.evidence.policy import Witness
from kaipiao.evidence.reader import TileReader
from kaipiao.ports import Clock

BACKOFF_FIRST_S = 1
BACKOFF_MAX_S = 60
"""A witness that failed is left alone for 1, 2, 4 … 60 s: it cannot slow the others down."""
ASK_AGAIN_MAX = 3
"""Conversations for one cosignature: the first may only teach us the size it holds."""

_log = logging.getLogger(__name__)


class Contradiction(Exception):
    """The witness holds a tree of this log that ours does not continue."""


class Caller:
    def __init__(self, desk: Desk, clock: Clock, known: WitnessStanding | None = None) -> None:
        self._desk = desk
        self._clock = clock
        key = str(desk.witness.key)
        same = known is not None and known.key == key
        self.standing = known if known and same else WitnessStanding(name=self.name, key=key)

    @property
    def name(self) -> str:
        """As in the policy."""
        return self.witness.name

    @property
    def witness(self) -> Witness:
        return self._desk.witness

    def is_due(self) -> bool:
        return bool(self.witness.url) and self._now() >= self.standing.retry_at

    async def cosign(
        self, note: str, checkpoint: Checkpoint, tiles: TileReader
    ) -> tuple[Signature, ...] | None:
        """Its cosignatures under ``note``; None if it gave none, and then we know why.

        Raises:
            OSError, TilesDamaged: our own log could not be read.
        """
        try:
            cosigned = await self._converse(note, checkpoint, tiles)
        except asyncio.CancelledError:
            self._fail(Mood.SILENT, "slower than the others")
            raise
        except WitnessSilent as silent:
            self._fail(Mood.SILENT, str(silent))
        except WitnessRefused as refused:
            self._fail(Mood.REFUSED, str(refused))
        except WitnessLied as lied:
            self._fail(Mood.LYING, str(lied))
        except Contradiction as contradiction:
            self._fail(Mood.CONTRADICTS, str(contradiction))
        else:
            self._note_cosigned(checkpoint.size, cosigned.at)
            return cosigned.signatures
        return None

    async def _converse(self, note: str, checkpoint: Checkpoint, tiles: TileReader) -> Cosigned:
        old_size = min(self.standing.size or 0, checkpoint.size)
        for _ in range(ASK_AGAIN_MAX):
            proof = await asyncio.to_thread(tiles.consistency_path, old_size, checkpoint.size)
            try:
                answer = await self._desk.add_checkpoint(
                    old_size, tuple(proof), note, now=self._now()
                )
            except WitnessRefused as refused:
                raise self._understood(refused, old_size) from None
            if isinstance(answer, Cosigned):
                return answer
            old_size = self._learn(answer, old_size, checkpoint.size)
        raise WitnessSilent("others bring it our checkpoints faster than we do")

    def _learn(self, held: WitnessHolds, old_size: int, size: int) -> int:
        """Where to begin from instead."""
        if held.size == old_size:
            raise Contradiction(f"it holds another tree of {held.size} leaves")
        if held.size > size:
            raise Contradiction(f"it holds {held.size} leaves, and we have published {size}")
        self.standing = msgspec.structs.replace(self.standing, size=held.size)
        return held.size

    def _understood(self, refused: WitnessRefused, old_size: int) -> Exception:
        """422 to a proof from the very size that it holds: it holds another history."""
        if refused.is_about_proof:
            return Contradiction(f"it holds other leaves than ours below {old_size}: {refused}")
        return refused

    def _note_cosigned(self, size: int, at: int) -> None:
        if self.standing.mood is not Mood.COSIGNED:
            _log.info("witness %s cosigned %d leaves", self.name, size)
        self.standing = msgspec.structs.replace(
            self.standing,
            mood=Mood.COSIGNED,
            why="",
            size=size,
            cosigned_at=at,
            asked_at=self._now(),
            failures=0,
            retry_at=0,
        )

    def _fail(self, mood: Mood, why: str) -> None:
        now, failures = self._now(), self.standing.failures + 1
        if self.standing.mood is not mood:
            level = logging.ERROR if mood in (Mood.LYING, Mood.CONTRADICTS) else logging.WARNING
            _log.log(level, "witness %s: %s: %s", self.name, mood.en, why)
        wait_s = min(BACKOFF_FIRST_S << min(failures - 1, 16), BACKOFF_MAX_S)
        self.standing = msgspec.structs.replace(
            self.standing,
            mood=mood,
            why=why,
            asked_at=now,
            failures=failures,
            retry_at=now + wait_s,
        )

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
