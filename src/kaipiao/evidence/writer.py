"""The log process: order, tiles, checkpoint, for ever.

The order of the steps is the safety argument:

1. sequence   the ledger gives every committed leaf its place, durably
2. agree      size and root, by compare and swap in the ledger: no two signers sign two trees
3. tiles      derived from that order, written whole
4. checkpoint signed, and put in place by one rename, durably
5. settling   the tiles are forced to the disk, a few at a time, while later checkpoints are signed

Where several members hold a folder each of one log, one of them leads: he does all of it.  The
others follow: they begin with the tree that stands (2), and go on to sign that very one.

A crash before 2 promised nothing.  A crash before 4 has promised one tree and published none: the
next start makes the same tiles again and signs that very tree.  Only what is in place in the
ledger is ever signed, so what is signed can always be made again: after a power cut before 5 the
next start does so.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from types import TracebackType

import msgspec

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, compose_checkpoint
from kaipiao.evidence.disk import Disk, both, in_thread, write_durably, write_whole
from kaipiao.evidence.edge import Edge, filled, grow, named
from kaipiao.evidence.following import AsFarAs
from kaipiao.evidence.note import Signer, VerifierKey, compose_note
from kaipiao.evidence.recovery import STEP_LEAVES, LogRewound, reach, read_on, recover
from kaipiao.evidence.settling import BEHIND_MAX, FILES_AT_ONCE, Settling
from kaipiao.evidence.signing.identity import Identity, LogSigner, former_checkpoint_name
from kaipiao.evidence.tiles import TILE_WIDTH, Tile
from kaipiao.ports import Clock, LeafOrder, SignedHeads, TreeHead

FILES_IN_A_HURRY = 1_024
MAX_CHECKPOINT_AGE_S = 1.0
"""While leaves arrive, a checkpoint is never older than this; we say so when we are late."""

_log = logging.getLogger(__name__)


class Progress(msgspec.Struct, frozen=True):
    """Where the log stands; for status pages and metrics."""

    checkpoint: Checkpoint
    published_at: datetime


BeforeSigning = Callable[[Edge], Awaitable[None]]
"""Awaited whenever we begin to lead, with the edge; raises Outage to be asked again, LogBroken to
forbid."""


class Overtaken(Exception):
    """Another program that signs for this log got further meanwhile: begin again from there."""


class LogWriter:
    """The one writer of one folder.  Use it in a ``with``: that holds the folder's lock.

    ``former`` are origins that this tree had before, for some of which we may still sign; ``log``
    is its first.
    """

    def __init__(
        self,
        *,
        order: LeafOrder,
        heads: SignedHeads,
        disk: Disk,
        signer: LogSigner,
        clock: Clock,
        more_signers: Sequence[Signer] = (),
        former: Sequence[Identity] = (),
        log: str = "",
        before_signing: BeforeSigning | None = None,
    ) -> None:
        self._order = order
        self._heads = heads
        self._disk = disk
        self._identities = (Identity((signer, *more_signers), signer.verifier), *former)
        self._log_name = log or signer.name
        self._clock = clock
        self._settling = Settling(disk)
        self._before_signing = before_signing
        self._has_asked = False
        self._edge: Edge | None = None  # None: ask the folder and the ledger, as after a crash
        self.progress: Progress | None = None

    def __enter__(self) -> "LogWriter":
        self._disk.lock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._settle_at_the_end()
        finally:
            self._disk.unlock()

    async def advance(self) -> int:
        """Integrate and publish what is waiting, at most ``STEP_LEAVES``; how many that was.

        Raises:
            Outage: the ledger did not answer.
            OSError: the disk did not take it.
            LogBroken: the ledger and what was published contradict each other.
            Overtaken: another writer was faster; call again.
        """
        edge, self._edge = self._edge, None  # whatever fails below, start afresh next time
        if edge is None:
            edge = await self._recover()
        else:
            await self._ask_first(edge)  # we may have followed until now
        size = await self._order.sequence()
        if size < edge.size:
            raise LogRewound(f"published {edge.size} leaves, the ledger has {size}")
        leaves: list[bytes] = []
        if size > edge.size:
            leaves = await read_on(self._order, edge, min(size, edge.size + STEP_LEAVES))
            edge = await self._publish(edge, leaves, _head(edge))
        elif self._settling.behind:
            await in_thread(self.settle)
        self._edge = edge
        return len(leaves)

    async def follow(self) -> int:
        """Bring this folder to the tree that its leader let stand, and sign that very one; how
        many leaves that was.  Nothing is sequenced and no head is moved.

        Raises:
            Outage, OSError, LogBroken: as ``advance``.
        """
        edge, self._edge = self._edge, None
        self._has_asked = False  # others lead, and show witnesses what we do not see
        agreed = await self._heads.standing(self._log_name)
        if edge is None or agreed != _head(edge):
            agreed = await self._heads.standing(self._log_name, sure=True)
        if edge is not None and (agreed is None or agreed.size < edge.size):
            raise LogRewound(f"published {edge.size} leaves, agreed upon are {agreed}")
        if agreed is None:
            return 0  # nobody led yet
        before = edge.size if edge is not None else agreed.size
        self._edge = await self._follow_to(edge, agreed)
        return agreed.size - before

    async def _follow_to(self, edge: Edge | None, agreed: TreeHead) -> Edge:
        started = self._clock.now()
        if edge is None:
            order = AsFarAs(self._order, agreed.size)
            edge, published = await recover(order, self._settling, self._keys, agreed)
            if not self._is_published(edge, published):
                await self._put(edge, started)
        elif agreed != _head(edge):
            before, edge = edge.size, await reach(self._order, self._settling, edge, agreed)
            await self._put(edge, started)
            await in_thread(self._drop_forerunners, filled(before, edge.size))
        if self._settling.behind:
            await in_thread(self.settle)
        return edge

    def settle(self) -> None:
        """Force some of what was written to the disk; all haste if much waits.  Raises OSError."""
        hurry = self._settling.behind > BEHIND_MAX
        self._settling.settle(FILES_IN_A_HURRY if hurry else FILES_AT_ONCE)

    def mark(self) -> None:
        """Remember how far all is forced.  Raises OSError."""
        self._settling.mark()

    def _settle_at_the_end(self) -> None:
        """So that the next start has nothing to make again, if that is a matter of a second."""
        try:
            self._settling.settle(FILES_IN_A_HURRY)
            self.mark()
        except OSError as error:
            _log.warning("the next start will make some tiles again: %r", error)

    async def _recover(self) -> Edge:
        agreed = await self._heads.standing(self._log_name)
        edge, published = await recover(self._order, self._settling, self._keys, agreed)
        await self._ask_first(edge)
        if not self._is_published(edge, published) or agreed != _head(edge):
            edge = await self._publish(edge, [], agreed)
        return edge

    async def _ask_first(self, edge: Edge) -> None:
        """Once for each time that we begin to lead."""
        if self._before_signing is not None and not self._has_asked:
            await self._before_signing(edge)
            self._has_asked = True

    @property
    def _keys(self) -> list[VerifierKey]:
        return [identity.key for identity in self._identities]

    def _is_published(self, edge: Edge, published: Checkpoint | None) -> bool:
        """Under every origin; of former ones we cannot tell, so they are signed once more."""
        ours = Checkpoint(self._identities[0].origin, edge.size, edge.frontier.root())
        return published == ours and len(self._signing()) == 1

    def _signing(self) -> list[Identity]:
        now = self._clock.now()
        return [identity for identity in self._identities if identity.signs_at(now)]

    async def _publish(self, edge: Edge, leaves: Sequence[bytes], before: TreeHead | None) -> Edge:
        started = self._clock.now()
        edge, files = await in_thread(grow, edge, leaves)
        if not await self._heads.swap(self._log_name, before, _head(edge)):
            raise Overtaken(f"a tree of {edge.size} leaves was not agreed upon")
        await in_thread(write_whole, self._disk, named(files))
        await self._put(edge, started, beside=self.settle)  # the disk is waited for meanwhile
        self._settling.owe(files, edge)  # not before: no mark may lie beyond what is published
        self._drop_forerunners(files)
        return edge

    async def _put(
        self, edge: Edge, started: datetime, beside: Callable[[], None] = lambda: None
    ) -> None:
        """Sign the tree and put its checkpoint in place."""
        notes, _ = await both(in_thread(self._sign, edge, self._signing()), in_thread(beside))
        await in_thread(write_durably, self._disk, notes)
        newest = Checkpoint(self._identities[0].origin, edge.size, edge.frontier.root())
        self._note_progress(newest, started)

    def _drop_forerunners(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            if tile.width == TILE_WIDTH:  # it holds all that its partial forerunners held
                self._disk.drop_folder(f"{tile.name}.p")

    def _sign(self, edge: Edge, identities: Sequence[Identity]) -> dict[str, bytes]:
        """The checkpoint under every origin that we sign for, by the name of its file."""
        notes = {}
        for identity in identities:
            checkpoint = Checkpoint(identity.origin, edge.size, edge.frontier.root())
            is_newest = identity is self._identities[0]
            name = CHECKPOINT_NAME if is_newest else former_checkpoint_name(identity.key)
            notes[name] = compose_note(compose_checkpoint(checkpoint), identity.signers).encode()
        return notes

    def _note_progress(self, checkpoint: Checkpoint, started: datetime) -> None:
        self.progress = Progress(checkpoint, self._clock.now())
        took = self.progress.published_at - started
        if took > timedelta(seconds=MAX_CHECKPOINT_AGE_S):
            _log.warning("the checkpoint of %d leaves took %s", checkpoint.size, took)


def _head(edge: Edge) -> TreeHead:
    return TreeHead(edge.size, edge.frontier.root())
