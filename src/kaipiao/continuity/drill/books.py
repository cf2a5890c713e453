"""What a cell holds, its tables and its published files side by side, and not through its API."""

from pathlib import Path

import msgspec

from kaipiao.evidence.audit import audit
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, parse_checkpoint
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import TILE_WIDTH
from kaipiao.ledger.inventory import Inventory, take_inventory


class Books(Inventory, kw_only=True):
    """Everything that the judge looks at."""

    entries: list[bytes] = msgspec.field(default_factory=list)  # of the published log
    checkpoint: Checkpoint | None = None
    damage: list[str] = msgspec.field(
        default_factory=list
    )  # what the audit of the published log found


async def read_books(dsn: str, evidence: Path, key: VerifierKey) -> Books:
    """Read everything; the cell must be quiet."""
    found = msgspec.structs.asdict(await take_inventory(dsn))
    return read_log(Books(**found), evidence, key)


def read_log(books: Books, folder: Path, key: VerifierKey) -> Books:
    """Add the published log, as a stranger would read it."""

    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    try:
        books.checkpoint = checkpoint_of(read(CHECKPOINT_NAME).decode(), key)
        books.damage = [str(fault) for fault in audit(read, books.checkpoint)]
        tiles, size = TileReader(read), books.checkpoint.size
        for bundle in range(-(-size // TILE_WIDTH)):
            books.entries += tiles.entries(bundle, size)
    except (OSError, ValueError, TilesDamaged) as error:
        books.damage.append(f"the published log cannot be read: {error!r}")
    return books


def checkpoint_of(note_text: str, key: VerifierKey) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        ValueError: it is none, or not signed by ``key``.
    """
    note = parse_note(note_text)
    checkpoint = parse_checkpoint(note.text)
    if key.standing(note) is not Standing.SIGNED or checkpoint.origin != key.name:
        raise ValueError("a checkpoint that the log's key did not sign")
    return checkpoint
