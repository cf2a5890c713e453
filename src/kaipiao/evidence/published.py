"""The published log: what anyone may read of it, and receipts made from that alone.

The gateway serves it, ``kaipiao log`` shows it; neither can write.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from kaipiao.errors import Outage, ProofNotReady
from kaipiao.evidence.checkpoint import (
    CHECKPOINT_NAME,
    STAMPED_NAME,
    WITNESSED_NAME,
    Checkpoint,
    parse_checkpoint,
)
from kaipiao.evidence.grade import Grade
from kaipiao.evidence.merkle import leaf_hash
from kaipiao.evidence.note import parse_note
from kaipiao.evidence.paths import Paths
from kaipiao.evidence.proof import Opening, Proof, compose_opening, compose_proof
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import parse_tile
from kaipiao.fiscal.invoice import Invoice


class PublicFile(NamedTuple):
    content: bytes
    media_type: str
    is_immutable: bool  # else to be asked for again after a moment


class GradedReceipt(NamedTuple):
    """``grade`` is what our files say it is worth; a verifier grades it for himself."""

    text: str
    grade: Grade


NOTES_REMEMBERED = 16
TEXT = "text/plain; charset=utf-8"
NOTES = {STAMPED_NAME: Grade.E3, WITNESSED_NAME: Grade.E2, CHECKPOINT_NAME: Grade.E1}
"""Our signed notes, the best first; each was verified before it was put there."""


class PublishedLog:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.tiles = TileReader(self._read)
        self._paths = lru_cache(maxsize=len(NOTES))(self._paths_under)

    def note(self) -> str:
        """The newest signed checkpoint, as it was published.

        Raises:
            Outage: nothing is published yet, or the folder cannot be read.
        """
        try:
            return self._read(CHECKPOINT_NAME).decode()
        except (OSError, ValueError) as error:
            raise Outage("evidence") from error

    def checkpoint(self) -> Checkpoint:
        """What the newest checkpoint says.  Raises as ``note``."""
        return _checkpoint_of(self.note())

    def graded(self, name: str) -> Checkpoint | None:
        """What one of ``NOTES`` says; None if there is none (yet).

        Raises:
            Outage: the folder cannot be read.
        """
        note = self._note(name)
        return None if note is None else _checkpoint_of(note)

    def file(self, name: str) -> PublicFile | None:
        """A note or a tile, by its path below the log's address; None if there is none.

        A tile that the newest checkpoint does not cover is not published, even if it is there.

        Raises:
            Outage: the folder cannot be read.
        """
        if name in NOTES:
            note = self.note() if name == CHECKPOINT_NAME else self._note(name)
            return None if note is None else PublicFile(note.encode(), TEXT, is_immutable=False)
        tile = parse_tile(name)
        if tile is None or not tile.is_within(self.checkpoint().size):
            return None
        try:
            return PublicFile(self.tiles.read(tile), "application/octet-stream", True)
        except (FileNotFoundError, TilesDamaged):
            return None
        except OSError as error:
            raise Outage("evidence") from error

    def receipt(self, invoice: Invoice) -> str:
        """The text of ``graded_receipt``.  Raises as that does."""
        return self.graded_receipt(invoice).text

    def graded_receipt(self, invoice: Invoice) -> GradedReceipt:
        """The receipt of an issued invoice, under the best note that covers it.

        Ask again later, and it may be under a better one.

        Raises:
            ProofNotReady: no checkpoint covers it yet.
            Outage: the log cannot be read.
        """
        return self.graded_receipts([invoice])[0]

    def graded_receipts(self, invoices: Sequence[Invoice]) -> list[GradedReceipt]:
        """The same of many, under notes that are read once.  Raises as that does."""
        notes = [(note, grade) for name, grade in NOTES.items() if (note := self._note(name))]
        if not any(grade is Grade.E1 for _, grade in notes):
            raise Outage("evidence")  # nothing is published yet
        covers = [(note, grade, self._paths(note)) for note, grade in notes]
        return [self._graded_receipt(invoice, covers) for invoice in invoices]

    def _graded_receipt(
        self, invoice: Invoice, covers: list[tuple[str, Grade, Paths]]
    ) -> GradedReceipt:
        index = invoice.log_index
        if index is None:
            raise ProofNotReady
        for note, grade, paths in covers:
            if index < paths.checkpoint.size:
                return GradedReceipt(_receipt_under(note, invoice, index, paths), grade)
        raise ProofNotReady

    def _paths_under(self, note: str) -> Paths:
        return Paths(self.tiles, _checkpoint_of(note))

    def _note(self, name: str) -> str | None:
        try:
            return self._read(name).decode()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise Outage("evidence") from error

    def _read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()


def _receipt_under(note: str, invoice: Invoice, index: int, paths: Paths) -> str:
    opening = opening_of(invoice)
    try:
        hash_, path = paths.find(index)
    except (OSError, TilesDamaged) as error:
        raise Outage("evidence") from error
    assert hash_ == leaf_hash(opening.leaf()), f"the ledger and the log differ at {index}"
    return compose_proof(Proof(index, path, note, compose_opening(opening)))


@lru_cache(maxsize=NOTES_REMEMBERED)
def _checkpoint_of(note: str) -> Checkpoint:
    try:
        return parse_checkpoint(parse_note(note).text)
    except ValueError as error:
        raise Outage("evidence") from error


def opening_of(invoice: Invoice) -> Opening:
    return Opening(
        number=invoice.number,
        issued_at=invoice.issued_at,
        net_fen=invoice.totals.net_fen,
        tax_fen=invoice.totals.tax_fen,
        digest=invoice.digest.hex(),
        salt=invoice.salt.hex(),
    )
