"""The files of a copy: read by their names, whether a tile is there as wide as asked, or wider."""

from collections.abc import Sequence

from kaipiao.evidence.checkpoint import (
    CHECKPOINT_NAME,
    STAMPED_NAME,
    WITNESSED_NAME,
    Checkpoint,
    parse_checkpoint,
)
from kaipiao.evidence.disk import Disk
from kaipiao.evidence.merkle import HASH_BYTES
from kaipiao.evidence.note import Note, Standing, VerifierKey, parse_note
from kaipiao.evidence.tiles import ENTRIES, TILE_WIDTH, Tile, parse_tile, split_bundle

NOTE_NAMES = (CHECKPOINT_NAME, WITNESSED_NAME, STAMPED_NAME)


class NotSigned(ValueError):
    """This is no checkpoint of the log, or none that its key signed."""


class Shelf:
    """One folder, in the layout of C2SP tlog-tiles."""

    def __init__(self, disk: Disk, keys: Sequence[VerifierKey]) -> None:
        self.disk = disk
        self._keys = keys

    def held(self) -> tuple[Checkpoint, str] | None:
        """The checkpoint that we have all of, and its note; None in a new folder.

        Raises:
            NotSigned: there is something, and it is not this log's.
        """
        try:
            raw = self.disk.read(CHECKPOINT_NAME)
        except FileNotFoundError:
            return None
        return self.signed(raw), raw.decode()

    def signed(self, raw: bytes) -> Checkpoint:
        """Raises NotSigned."""
        try:
            note = parse_note(raw.decode())
            checkpoint = parse_checkpoint(note.text)
        except ValueError as error:
            raise NotSigned(f"this is no signed checkpoint: {error}") from error
        if not _is_signed(note, checkpoint.origin, self._keys):
            named = ", ".join(sorted({key.name for key in self._keys}))
            raise NotSigned(f"the checkpoint of {checkpoint.origin} is not signed by {named}")
        return checkpoint

    def tile(self, tile: Tile, *, size: int) -> bytes:
        """A tile of the copy that covers ``size``; a narrower one is the front of a wider one.

        Raises:
            FileNotFoundError: it is not there.
        """
        for wider in dict.fromkeys((tile, tile.in_tree(size), tile.full)):
            if wider.width < tile.width:
                continue
            try:
                return front(self.disk.read(wider.name), tile)
            except FileNotFoundError:
                continue
        raise FileNotFoundError(tile.name)

    def public_file(self, name: str) -> bytes | None:
        """What anyone may have of the copy, by its name below the log's address."""
        try:
            if name in NOTE_NAMES:
                return self.disk.read(name)
            tile, held = parse_tile(name), self.held()
            if tile is None or held is None or not tile.is_within(held[0].size):
                return None
            return self.tile(tile, size=held[0].size)
        except FileNotFoundError:
            return None


def front(content: bytes, tile: Tile) -> bytes:
    """What a tile of this width holds, out of one that may be wider.

    Raises:
        FileNotFoundError: it is not even so wide.
    """
    if tile.kind != ENTRIES:
        cut = content[: tile.width * HASH_BYTES]
        if len(cut) == tile.width * HASH_BYTES:
            return cut
    elif tile.width == TILE_WIDTH:
        return content
    else:
        try:
            entries = split_bundle(content)[: tile.width]
        except ValueError as error:
            raise FileNotFoundError(tile.name) from error
        if len(entries) == tile.width:
            return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
    raise FileNotFoundError(tile.name)


def _is_signed(note: Note, origin: str, keys: Sequence[VerifierKey]) -> bool:
    standings = {key.standing(note) for key in keys if key.name == origin}
    return Standing.SIGNED in standings and Standing.FORGED not in standings
