"""What a restored ledger says, held against what was published.

The root is made again from the ledger's own leaves, nothing else: a log folder that came with the
backup would prove only itself.  Both logs are proved: the invoices', and the audit log.
"""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from kaipiao.continuity.backup.saying import Progress
from kaipiao.evidence.checkpoint import (
    CHECKPOINT_NAME,
    WITNESSED_NAME,
    Checkpoint,
    parse_checkpoint,
)
from kaipiao.evidence.merkle import HASH_BYTES, Frontier, leaf_hash
from kaipiao.evidence.note import Standing, VerifierKey, parse_note

Verdict = Literal["proved", "shorter", "differs", "nothing-published"]
Source = Literal["witnessed", "published", ""]


class Told(msgspec.Struct, frozen=True):
    """The largest tree that is known to have been spoken of, and how."""

    source: Source = ""
    checkpoint: Checkpoint | None = None

    @property
    def size(self) -> int:
        return self.checkpoint.size if self.checkpoint else 0


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """``leaves`` in the restored ledger; ``told`` were in the checkpoint it is held against."""

    verdict: Verdict
    leaves: int
    told: int
    source: Source
    root: str  # hex, of the first ``told`` leaves; of all, if fewer


def read_told(folders: Iterable[Path], keys: list[VerifierKey]) -> Told:
    """The larger word of these folders: witnessed, unless what was published goes further.

    Raises:
        ValueError: what is there was not signed by this log.
    """
    best = Told()
    for folder in folders:
        for source, name in (("witnessed", WITNESSED_NAME), ("published", CHECKPOINT_NAME)):
            if (folder / name).exists():
                best = larger(best, source, (folder / name).read_bytes(), keys)
    return best


def larger(best: Told, source: str, note: bytes, keys: list[VerifierKey]) -> Told:
    """``best``, or what this note says.  Raises ValueError: it is not signed by this log."""
    told = _parse_signed(note, keys)
    if best.checkpoint is None or told.size > best.size:
        return Told("witnessed" if source == "witnessed" else "published", told)
    return best


def _parse_signed(raw: bytes, keys: list[VerifierKey]) -> Checkpoint:
    note = parse_note(raw.decode())
    checkpoint = parse_checkpoint(note.text)
    ours = [key for key in keys if key.name == checkpoint.origin]
    if not any(key.standing(note) is Standing.SIGNED for key in ours):
        raise ValueError(f"the checkpoint of {checkpoint.origin} was not signed by its key")
    return checkpoint


async def prove(
    leaves: AsyncIterator[bytes], size: int, told: Told, progress: Progress = lambda *_: None
) -> Proof:
    """Make the root again from the first of ``size`` leaves and compare.  Raises Outage."""
    aim = min(size, told.size) if told.checkpoint else size
    frontier = Frontier()
    async for joined in leaves:
        few = joined[: (aim - frontier.size) * HASH_BYTES]
        cut = range(0, len(few), HASH_BYTES)
        frontier, _ = frontier.grow([leaf_hash(few[at : at + HASH_BYTES]) for at in cut])
        progress(frontier.size, aim)
        if frontier.size == aim:
            break
    assert frontier.size == aim, "the ledger promised more leaves"
    root = frontier.root()
    return Proof(
        verdict=_verdict(size, root, told.checkpoint),
        leaves=size,
        told=told.size,
        source=told.source,
        root=root.hex(),
    )


def _verdict(leaves: int, root: bytes, told: Checkpoint | None) -> Verdict:
    if told is None:
        return "nothing-published"
    if leaves < told.size:
        return "shorter"
    return "proved" if root == told.root else "differs"
