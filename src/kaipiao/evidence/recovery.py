"""The ordinary start, which is also the repair after any crash.

The ledger holds the order of the leaves; the folder holds what was published.  Tiles are derived
from the first and must agree with the second.  Where the two disagree nothing is signed: a log
that takes back one word has no more to say.
"""

from collections.abc import AsyncIterator

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, parse_checkpoint
from kaipiao.evidence.disk import Disk, in_thread, write_durably
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.merkle import EMPTY_ROOT, Frontier, leaf_hash
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import ENTRY_BYTES, TILE_WIDTH, edge_widths
from kaipiao.ports import LeafOrder

STEP_LEAVES = 16_384
"""Leaves integrated at a time: 64 tiles, a fifth of a second of work."""


class LogBroken(Exception):
    """The log cannot go on without breaking its word.  Someone must look; nothing was signed."""


class LogRewound(LogBroken):
    """The ledger has fewer leaves than were published: it was restored to an older state."""


class LogForked(LogBroken):
    """The ledger has other leaves than were published."""


class CheckpointUnreadable(LogBroken):
    """The published checkpoint is damaged, or was not signed by this log's key."""


def read_checkpoint(disk: Disk, key: VerifierKey) -> Checkpoint | None:
    """What we published last; None in a new folder.

    Raises:
        CheckpointUnreadable: there is something, and it is not ours.
    """
    try:
        raw = disk.read(CHECKPOINT_NAME)
    except FileNotFoundError:
        return None
    try:
        note = parse_note(raw.decode())
        checkpoint = parse_checkpoint(note.text)
    except ValueError as error:
        raise CheckpointUnreadable(str(error)) from error
    if checkpoint.origin != key.name or key.standing(note) is not Standing.SIGNED:
        raise CheckpointUnreadable(f"the published checkpoint is not signed by {key}")
    return checkpoint


async def recover(order: LeafOrder, disk: Disk, key: VerifierKey) -> tuple[Edge, bool]:
    """The edge from which to grow, and whether its size is published.

    Raises:
        LogBroken: nothing may be signed.
        Outage: the order could not be read.
    """
    published = read_checkpoint(disk, key)
    size = await order.sequence()
    if published is None:
        return await _rebuild(order, disk, size), False
    if size < published.size:
        raise LogRewound(f"published {published.size} leaves, the ledger has {size}")
    edge = load_edge(TileReader(disk.read), published)
    if edge is None:
        await _check_root(order, published)
        edge = await _rebuild(order, disk, published.size)
    await read_on(order, edge, edge.size)
    return edge, True


def load_edge(tiles: TileReader, published: Checkpoint) -> Edge | None:
    """The edge of the published tree, from its tiles; None if they do not add up to its root.

    Adding up proves the hashes at the edge; the newest entries are held against theirs.
    """
    size = published.size
    if size == 0:
        return Edge() if published.root == EMPTY_ROOT else None
    newest = (size - 1) // TILE_WIDTH
    try:
        frontier = Frontier(size, tiles.peaks(size))
        entries, hashes = tiles.entries(newest, size), tiles.hashes(0, newest, size)
        levels = _unfull_levels(tiles, size)
    except TilesDamaged:
        return None
    if frontier.root() != published.root or [leaf_hash(entry) for entry in entries] != hashes:
        return None
    return Edge(frontier, levels, tuple(entries) if size % TILE_WIDTH else (), entries[-1])


def _unfull_levels(tiles: TileReader, size: int) -> tuple[tuple[bytes, ...], ...]:
    levels = []
    for level, (tile, width) in enumerate(edge_widths(size)):
        levels.append(tuple(tiles.hashes(level, tile, size)) if width else ())
    return tuple(levels)


async def read_on(order: LeafOrder, edge: Edge, end: int) -> list[bytes]:
    """The leaves from the edge to ``end``, after making sure that they continue this very log.

    The newest leaf is read again with them.  Leaves are salted digests, so a ledger that took
    another way after a failover cannot have the same one there.

    Raises:
        LogForked, LogRewound: they do not.
    """
    overlap = 1 if edge.size else 0
    leaves = [leaf async for batch in _batches(order, edge.size - overlap, end) for leaf in batch]
    if leaves[:overlap] != [edge.last][:overlap]:
        raise LogForked(f"leaf {edge.size - 1} is published, and the ledger has another")
    return leaves[overlap:]


async def _batches(order: LeafOrder, start: int, end: int) -> AsyncIterator[list[bytes]]:
    while start < end:
        batch = (await order.leaves(start, min(STEP_LEAVES, end - start)))[: end - start]
        if not batch:
            raise LogRewound(f"the ledger promised {end} leaves and has no leaf {start}")
        assert all(len(leaf) == ENTRY_BYTES for leaf in batch)
        yield batch
        start += len(batch)


async def _check_root(order: LeafOrder, published: Checkpoint) -> None:
    """Before a single tile is overwritten: does the ledger lead to the published root?"""
    frontier = Frontier()
    async for batch in _batches(order, 0, published.size):
        frontier, _ = frontier.grow([leaf_hash(leaf) for leaf in batch])
    if frontier.root() != published.root:
        raise LogForked(f"the ledger's first {published.size} leaves have another root")


async def _rebuild(order: LeafOrder, disk: Disk, size: int) -> Edge:
    edge = Edge()
    async for batch in _batches(order, 0, size):
        edge, files = grow(edge, batch)
        content = {tile.name: bytes_ for tile, bytes_ in files.items()}
        await in_thread(write_durably, disk, content)
    return edge
