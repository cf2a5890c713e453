"""What must hold of the log: every committed leaf once, every checkpoint a beginning of the next.

The root is RFC 6962's definition, word for word.  Receipts are judged by what a buyer runs.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from random import Random

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, parse_checkpoint
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.proof import Proof, compose_opening, compose_proof
from kaipiao.evidence.published import opening_of
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.fiscal.invoice import Invoice
from kaipiao.twin.disk import FragileDisk
from kaipiao.twin.invoices import Kept

RECEIPTS = 12
"""Receipts to verify in every storm."""


def check_leaves(ordered: Sequence[Kept], committed: Sequence[Kept]) -> Iterator[str]:
    """Every committed invoice has one leaf in the order, its own, at the place it knows."""
    times = Counter(kept.receipt.number for kept in ordered)
    for kept in committed:
        if times[kept.receipt.number] != 1:
            yield f"{kept.receipt.number} is in the log {times[kept.receipt.number]} times"
    for index, kept in enumerate(ordered):
        if kept.log_index != index or opening_of(kept.invoice()).leaf() != kept.leaf:
            yield f"leaf {index} is not that of {kept.receipt.number}"


def check_log(
    ordered: Sequence[Kept], notes: Sequence[bytes], disk: FragileDisk, key: VerifierKey
) -> Iterator[str]:
    """All that was ever published agrees with the order; the last of it is all of the order."""
    leaves = tuple(kept.leaf for kept in ordered)
    root = _roots_of(leaves)
    size = 0
    for note in notes:
        checkpoint, is_signed = _read(note, key)
        if not is_signed:
            yield f"the checkpoint of {checkpoint.size} is not signed"
        if checkpoint.size > len(leaves) or checkpoint.root != root(0, checkpoint.size):
            yield f"the checkpoint of {checkpoint.size} contradicts the order"
        size = checkpoint.size
    if leaves and size != len(leaves):
        yield f"{len(leaves)} leaves are in order, {size} are published"
    yield from _check_entries(leaves, disk)


def _check_entries(leaves: Sequence[bytes], disk: FragileDisk) -> Iterator[str]:
    reader = TileReader(disk.read)
    try:
        bundles = range(0, len(leaves), 256)
        entries = [entry for n in bundles for entry in reader.entries(n // 256, len(leaves))]
    except (OSError, TilesDamaged) as error:
        yield f"the published entries cannot be read: {error!r}"
    else:
        if entries != list(leaves):
            yield "the published entries are not the leaves"


def check_receipts(
    ordered: Sequence[Kept], disk: FragileDisk, key: VerifierKey, rng: Random
) -> Iterator[str]:
    """Some invoices' receipts, made from the published files, convince a buyer."""
    reader, note = TileReader(disk.read), disk.read(CHECKPOINT_NAME).decode()
    for kept in rng.sample(ordered, min(RECEIPTS, len(ordered))):
        invoice = kept.invoice()
        try:
            receipt = _receipt(invoice, reader, note, len(ordered))
        except (OSError, TilesDamaged) as error:
            yield f"{invoice.number} has no receipt: {error!r}"
            continue
        verdict = verify_receipt(receipt, str(key), draft_bytes=kept.entry.payload)
        if not verdict.is_genuine:
            yield f"{invoice.number} has a receipt that does not hold: {verdict.faults}"


def _receipt(invoice: Invoice, reader: TileReader, note: str, size: int) -> str:
    assert invoice.log_index is not None
    path = tuple(reader.inclusion_path(invoice.log_index, size))
    opening = compose_opening(opening_of(invoice))
    return compose_proof(Proof(invoice.log_index, path, note, opening))


def _read(note: bytes, key: VerifierKey) -> tuple[Checkpoint, bool]:
    parsed = parse_note(note.decode())
    checkpoint = parse_checkpoint(parsed.text)
    return checkpoint, key.standing(parsed) is Standing.SIGNED


def _roots_of(leaves: Sequence[bytes]) -> Callable[[int, int], bytes]:
    """The root over any range of ``leaves``, by the RFC's own recursion; halves are remembered."""

    @cache
    def root(start: int, end: int) -> bytes:
        count = end - start
        if count == 0:
            return sha256(b"").digest()
        if count == 1:
            return sha256(b"\x00" + leaves[start]).digest()
        split = start + (1 << (count - 1).bit_length() - 1)
        return sha256(b"\x01" + root(start, split) + root(split, end)).digest()

    return root
