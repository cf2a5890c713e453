"""What the leading member got from witnesses and the time-stamping authority, all members serve.

Only the leader shows trees to witnesses: of two who did, one would look like another log.  So what
he got travels through the ledger, where every member finds it within a round; after a failover
the next leader has it before he shows or signs anything.

Nobody believes it for that.  A note is taken over only if it carries our signature and the
quorum's (and a good token, where it is stamped), and if its root is that of this member's own tree.
"""

import logging
from collections.abc import Mapping

import msgspec

from kaipiao.evidence.checkpoint import (
    CHECKPOINT_NAME,
    STAMPED_NAME,
    WITNESSED_NAME,
    Checkpoint,
    parse_checkpoint,
)
from kaipiao.evidence.cosigning.memory import MemoryFile, Remembered
from kaipiao.evidence.disk import Disk, in_thread, write_durably
from kaipiao.evidence.grade import Grade, TimeTrust, WitnessTrust, grade_note
from kaipiao.evidence.note import VerifierKey, parse_note
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import ENTRIES, TILE_WIDTH, Tile, edge_widths, parse_tile
from kaipiao.ports import SharedNotes

NOTES = {WITNESSED_NAME: (Grade.E2, Grade.E3), STAMPED_NAME: (Grade.E3,)}
"""What is shared, and which grades it must have to be taken over."""
STANDINGS = "witnesses"
"""How the witnesses answer, as the leader tells people."""

_log = logging.getLogger(__name__)


class Sharing:
    """One log's notes, in one member's folder."""

    def __init__(
        self,
        *,
        shared: SharedNotes,
        disk: Disk,
        key: VerifierKey,
        witnesses: WitnessTrust,
        authority: TimeTrust | None,
        memory: MemoryFile,
    ) -> None:
        self._shared = shared
        self._disk = disk
        self._key = key
        self._witnesses = witnesses
        self._authority = authority
        self._memory = memory
        self._refused = ""

    async def witnessed(self) -> Checkpoint | None:
        """The newest that any member has shown to a quorum and told of.  Raises Outage."""
        note = (await self._shared.read(self._key.name)).get(WITNESSED_NAME)
        return None if note is None else _checkpoint(note)

    async def take(self, *, leads: bool) -> bool:
        """Take over what is newer than ours; whether our own tree reaches as far as all of it.

        Raises:
            Outage: the ledger did not answer.
            OSError: the folder could not be read or written.
        """
        theirs = await self._shared.read(self._key.name)
        published = self._published()
        if not leads:
            await self._take_standings(theirs)
        reaches = True
        for name in NOTES:
            note = theirs.get(name)
            if note is None or not _is_newer(note, self._text(name), at_same_size=not leads):
                continue
            if published is None or _checkpoint(note).size > published.size:
                reaches = False  # our tree is still growing to it: in the next round
            else:
                await self._take(name, note, published)
        return reaches

    async def give(self, remembered: Remembered) -> None:
        """Let the others have what we got, and how the witnesses stand.  Raises as ``take``."""
        theirs = await self._shared.read(self._key.name)
        for name in NOTES:
            ours = self._text(name)
            if ours is not None and _is_newer(ours, theirs.get(name), at_same_size=True):
                await self._shared.put(self._key.name, name, _checkpoint(ours).size, ours)
        standings = msgspec.json.encode(remembered).decode()
        if theirs.get(STANDINGS) != standings:
            await self._shared.put(self._key.name, STANDINGS, 0, standings)

    async def _take(self, name: str, note: str, published: Checkpoint) -> None:
        if why := await in_thread(self._objection, name, note, published):
            if self._refused != note:
                self._refused = note
                _log.error("a note that another member shared is not taken over: %s", why)
            return
        await in_thread(self._lay_edge, _checkpoint(note).size, published.size)
        await in_thread(write_durably, self._disk, {name: note.encode()})

    def _objection(self, name: str, note: str, published: Checkpoint) -> str:
        """Why a shared note is not what it should be; empty: it is."""
        graded = grade_note(parse_note(note), self._key, self._witnesses, self._authority)
        if graded.grade not in NOTES[name]:
            return f"{name} has grade {graded.grade}"
        checkpoint = _checkpoint(note)
        tiles = TileReader(lambda tile: self._read_within(tile, published.size))
        try:
            root = tiles.root(checkpoint.size)
        except TilesDamaged as damaged:
            return str(damaged)
        return "" if root == checkpoint.root else f"{name} is of another tree than ours"

    def _lay_edge(self, size: int, published: int) -> None:
        """The partial tiles of a size that this member never published, for its receipts."""
        edge = [
            Tile(kind, number, width)
            for level, (number, width) in enumerate(edge_widths(size))
            if width
            for kind in ([str(level), ENTRIES] if level == 0 else [str(level)])
            if Tile(kind, number).in_tree(published).width < TILE_WIDTH
        ]
        files = {tile.name: self._read_within(tile.name, published) for tile in edge}
        if files:
            write_durably(self._disk, files)

    def _read_within(self, name: str, published: int) -> bytes:
        """A tile, or the front of what it has grown to in the tree that we published."""
        try:
            return self._disk.read(name)
        except FileNotFoundError:
            tile = parse_tile(name)
            assert tile is not None
            grown = TileReader(self._disk.read).read(tile.in_tree(published))
            return grown[: tile.byte_length]

    async def _take_standings(self, theirs: Mapping[str, str]) -> None:
        if text := theirs.get(STANDINGS):
            remembered = msgspec.json.decode(text, type=Remembered)
            if remembered != self._memory.read():
                await in_thread(self._memory.write, remembered)

    def _published(self) -> Checkpoint | None:
        note = self._text(CHECKPOINT_NAME)
        return None if note is None else _checkpoint(note)

    def _text(self, name: str) -> str | None:
        try:
            return self._disk.read(name).decode()
        except FileNotFoundError:
            return None


def _is_newer(note: str, other: str | None, *, at_same_size: bool) -> bool:
    """``at_same_size``: another note of one size counts as newer, for cosignatures come later."""
    if other is None:
        return True
    size, held = _checkpoint(note).size, _checkpoint(other).size
    return size > held or (at_same_size and size == held and note != other)


def _checkpoint(note: str) -> Checkpoint:
    return parse_checkpoint(parse_note(note).text)
