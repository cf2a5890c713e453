"""The log process: order, tiles, checkpoint, for ever.

The order of the steps is the safety argument:

1. sequence   the ledger gives every committed leaf its place, durably
2. tiles      derived from that order, forced to the disk
3. checkpoint signed, and put in place by one rename

A crash before 3 published nothing, and the next start does 2 again with the same result.  Only
what is in place in the ledger is ever signed, so what is signed can always be made again.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType

import msgspec

from kaipiao.errors import Outage
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, compose_checkpoint
from kaipiao.evidence.disk import Disk, in_thread, write_durably
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.keys import Ed25519Signer
from kaipiao.evidence.note import Signer, compose_note
from kaipiao.evidence.recovery import STEP_LEAVES, LogRewound, read_on, recover
from kaipiao.evidence.tiles import TILE_WIDTH
from kaipiao.ports import Clock, LeafOrder

POLL_S = 0.1
MAX_CHECKPOINT_AGE_S = 1.0
"""While leaves arrive, a checkpoint is never older than this; we say so when we are late."""
MAX_PAUSE_S = 5.0

_log = logging.getLogger(__name__)


class Progress(msgspec.Struct, frozen=True):
    """Where the log stands; for status pages and metrics."""

    checkpoint: Checkpoint
    published_at: datetime


class LogWriter:
    """The one writer of one folder.  Use it in a ``with``: that holds the folder's lock."""

    def __init__(
        self,
        *,
        order: LeafOrder,
        disk: Disk,
        signer: Ed25519Signer,
        clock: Clock,
        more_signers: Sequence[Signer] = (),
    ) -> None:
        self._order = order
        self._disk = disk
        self._key = signer.verifier
        self._signers = (signer, *more_signers)
        self._clock = clock
        self._edge: Edge | None = None  # None: ask the folder and the ledger, as after a crash
        self.progress: Progress | None = None

    def __enter__(self) -> "LogWriter":
        self._disk.lock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._disk.unlock()

    async def advance(self) -> int:
        """Integrate and publish what is waiting, at most ``STEP_LEAVES``; how many that was.

        Raises:
            Outage: the ledger did not answer.
            OSError: the disk did not take it.
            LogBroken: the ledger and what was published contradict each other.
        """
        edge, self._edge = self._edge, None  # whatever fails below, start afresh next time
        if edge is None:
            edge = await self._recover()
        size = await self._order.sequence()
        if size < edge.size:
            raise LogRewound(f"published {edge.size} leaves, the ledger has {size}")
        leaves: list[bytes] = []
        if size > edge.size:
            leaves = await read_on(self._order, edge, min(size, edge.size + STEP_LEAVES))
            edge = await in_thread(self._publish, edge, leaves)
        self._edge = edge
        return len(leaves)

    async def _recover(self) -> Edge:
        edge, is_published = await recover(self._order, self._disk, self._key)
        if not is_published:
            edge = await in_thread(self._publish, edge, [])
        return edge

    def _publish(self, edge: Edge, leaves: Sequence[bytes]) -> Edge:
        started = self._clock.now()
        edge, files = grow(edge, leaves)
        write_durably(self._disk, {tile.name: content for tile, content in files.items()})
        checkpoint = Checkpoint(self._key.name, edge.size, edge.frontier.root())
        note = compose_note(compose_checkpoint(checkpoint), self._signers)
        write_durably(self._disk, {CHECKPOINT_NAME: note.encode()})
        self._note_progress(checkpoint, started)
        for tile in files:
            if tile.width == TILE_WIDTH:  # it holds all that its partial forerunners held
                self._disk.drop_folder(f"{tile.name}.p")
        return edge

    def _note_progress(self, checkpoint: Checkpoint, started: datetime) -> None:
        self.progress = Progress(checkpoint, self._clock.now())
        took = self.progress.published_at - started
        if took > timedelta(seconds=MAX_CHECKPOINT_AGE_S):
            _log.warning("the checkpoint of %d leaves took %s", checkpoint.size, took)


async def run_log(writer: LogWriter, *, stop: asyncio.Event) -> None:
    """Publish until told to stop.  Outages are waited out; a broken log ends the loop loudly.

    Raises:
        FolderBusy: another process writes this log.
        LogBroken: see there; nothing more will be signed until someone has looked.
    """
    pause_s = POLL_S
    with writer:
        while not stop.is_set():
            try:
                behind = await writer.advance() >= STEP_LEAVES
                pause_s = 0 if behind else POLL_S
            except (Outage, OSError) as error:
                pause_s = min(max(2 * pause_s, POLL_S), MAX_PAUSE_S)
                _log.warning("evidence waits %.1f s: %r", pause_s, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)
