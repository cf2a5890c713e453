"""A round: the newest checkpoint is shown to every witness at once, until enough have cosigned."""

import asyncio
from collections.abc import Collection, Iterable

from kaipiao.evidence.checkpoint import (
    CHECKPOINT_NAME,
    WITNESSED_NAME,
    Checkpoint,
    parse_checkpoint,
)
from kaipiao.evidence.cosignature import compose_line
from kaipiao.evidence.cosigning.caller import Caller
from kaipiao.evidence.disk import Disk, in_thread, write_durably
from kaipiao.evidence.note import Signature, parse_note
from kaipiao.evidence.policy import Policy
from kaipiao.evidence.reader import TileReader
from kaipiao.ports import Clock

GRACE_S = 1.0
"""Once there is a quorum, the others get this long to join it: more names, hardly later."""
REFRESH_S = 600
"""A checkpoint that does not grow is shown again this often: a witness's silence is noticed."""

Signatures = tuple[Signature, ...] | None
Gathered = dict[str, tuple[Signature, ...]]


class Gathering:
    """Gathers for the log in one folder.  Only one of these may run there."""

    def __init__(
        self, *, disk: Disk, policy: Policy, callers: Iterable[Caller], clock: Clock
    ) -> None:
        self._disk = disk
        self._policy = policy
        self._callers = tuple(callers)
        self._clock = clock
        self._tiles = TileReader(disk.read)
        self._shown: tuple[int, float] = (-1, 0.0)  # size, and when it was witnessed

    async def round(self) -> bool:
        """Whether there is a newer witnessed checkpoint now.

        Raises:
            FileNotFoundError: nothing is published yet.
            OSError, TilesDamaged: our own log could not be read or written.
        """
        note = self._disk.read(CHECKPOINT_NAME).decode()
        checkpoint = parse_checkpoint(parse_note(note).text)
        now = self._clock.now().timestamp()
        if self._shown[0] == checkpoint.size and now < self._shown[1] + REFRESH_S:
            return False
        is_met = await self._gather(note, checkpoint)
        if is_met:
            self._shown = (checkpoint.size, now)
        return is_met

    async def _gather(self, note: str, checkpoint: Checkpoint) -> bool:
        """Ask all at once; publish when there is a quorum, and again with whoever joined late."""
        asked = {
            asyncio.create_task(caller.cosign(note, checkpoint, self._tiles)): caller.name
            for caller in self._callers
            if caller.is_due()
        }
        gathered: Gathered = {}
        published = 0
        waiting = set(asked)
        try:
            while waiting:
                done, waiting = await asyncio.wait(
                    waiting,
                    timeout=GRACE_S if published else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not done:
                    break
                gathered |= {asked[task]: found for task in done if (found := task.result())}
                if not published and self._policy.is_quorum(gathered):
                    published = await self._publish(note, gathered)
        finally:
            await _abandon(waiting)
        if 0 < published < len(gathered):
            await self._publish(note, gathered)
        return published > 0

    async def _publish(self, note: str, gathered: Gathered) -> int:
        """Put it in place, cosignatures in the policy's order; how many witnesses those are."""
        lines = [
            compose_line(signature)
            for name in self._policy.witnesses
            for signature in gathered.get(name, ())
        ]
        witnessed = f"{note}{''.join(lines)}"
        assert self._policy.witnessed_at(parse_note(witnessed)) is not None
        await in_thread(write_durably, self._disk, {WITNESSED_NAME: witnessed.encode()})
        return len(gathered)


async def _abandon(tasks: Collection["asyncio.Task[Signatures]"]) -> None:
    """Whoever has not answered by now is cut off, and its caller notes it."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
