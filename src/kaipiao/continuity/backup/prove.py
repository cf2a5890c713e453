"""What a restored ledger says, held against what was published.

The root is made again from the ledger's own leaves, nothing else: a log folder that came with the
backup would prove only itself.
"""

from pathlib import Path
from typing import Literal

import msgspec

from kaipiao.evidence.checkpoint import (
    CHECKPOINT_NAME,
    WITNESSED_NAME,
    Checkpoint,
    parse_checkpoint,
)
from kaipiao.evidence.merkle import Frontier, leaf_hash
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.ports import LeafOrder

STEP_LEAVES = 16_384

Verdict = Literal["proved", "shorter", "differs", "nothing-published"]
Source = Literal["witnessed", "published", ""]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """``leaves`` in the restored ledger; ``told`` were in the checkpoint it is held against."""

    verdict: Verdict
    leaves: int
    told: int
    source: Source
    root: str  # hex, of the first ``told`` leaves; of all, if fewer


def read_told(folder: Path, keys: list[VerifierKey]) -> tuple[Source, Checkpoint | None]:
    """The larger word: witnessed, unless what was published goes further.

    Raises:
        ValueError: what is there was not signed by this log.
    """
    best: tuple[Source, Checkpoint | None] = ("", None)
    for source, name in (("witnessed", WITNESSED_NAME), ("published", CHECKPOINT_NAME)):
        if not (folder / name).exists():
            continue
        told = _parse_signed((folder / name).read_bytes(), keys)
        if best[1] is None or told.size > best[1].size:
            best = ("witnessed" if source == "witnessed" else "published", told)
    return best


def _parse_signed(raw: bytes, keys: list[VerifierKey]) -> Checkpoint:
    note = parse_note(raw.decode())
    checkpoint = parse_checkpoint(note.text)
    ours = [key for key in keys if key.name == checkpoint.origin]
    if not any(key.standing(note) is Standing.SIGNED for key in ours):
        raise ValueError(f"the checkpoint of {checkpoint.origin} was not signed by its key")
    return checkpoint


async def prove(order: LeafOrder, source: Source, told: Checkpoint | None) -> Proof:
    """Make the root again and compare.  Raises Outage."""
    leaves = await order.sequence()
    aim = min(leaves, told.size) if told else leaves
    frontier, done = Frontier(0, ()), 0
    while done < aim:
        batch = (await order.leaves(done, min(STEP_LEAVES, aim - done)))[: aim - done]
        assert batch, "the ledger promised more leaves"
        frontier, _ = frontier.grow([leaf_hash(leaf) for leaf in batch])
        done += len(batch)
    root = frontier.root()
    return Proof(
        verdict=_verdict(leaves, root, told),
        leaves=leaves,
        told=told.size if told else 0,
        source=source,
        root=root.hex(),
    )


def _verdict(leaves: int, root: bytes, told: Checkpoint | None) -> Verdict:
    if told is None:
        return "nothing-published"
    if leaves < told.size:
        return "shorter"
    return "proved" if root == told.root else "differs"
