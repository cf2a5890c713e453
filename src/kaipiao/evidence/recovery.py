"""The ordinary start, which is also the repair after any crash.

The ledger holds the order of the leaves; the folder holds what was published.  Tiles are derived
from the first and must agree with the second.  Where the two disagree nothing is signed: a log
that takes back one word has no more to say.
"""

from collections.abc import AsyncIterator, Sequence

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, parse_checkpoint
from kaipiao.evidence.disk import Disk, in_thread, write_whole
from kaipiao.evidence.edge import Edge, grow, named, unfull_tiles
from kaipiao.evidence.merkle import EMPTY_ROOT, Frontier, leaf_hash
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.settling import Settling, read_mark
from kaipiao.evidence.tiles import ENTRY_BYTES, TILE_WIDTH, edge_widths
from kaipiao.ports import LeafOrder, TreeHead

STEP_LEAVES = 16_384
"""Leaves integrated at a time: 64 tiles, a fifth of a second of work."""


class LogBroken(Exception):
    """The log cannot go on without breaking its word.  Someone must look; nothing was signed."""


class LogRewound(LogBroken):
    """The ledger has fewer leaves than were published: it was restored to an older state."""


class LogForked(LogBroken):
    """The ledger has other leaves than were published, or than another signer agreed to sign."""


class CheckpointUnreadable(LogBroken):
    """The published checkpoint is damaged, or was not signed by this log's key."""


def read_checkpoint(disk: Disk, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    """What we published last, signed by one of our keys; None in a new folder.

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
    ours = (key for key in keys if key.name == checkpoint.origin)
    if not any(key.standing(note) is Standing.SIGNED for key in ours):
        raise CheckpointUnreadable(f"the published checkpoint is not signed by {keys[0]}")
    return checkpoint


async def recover(
    order: LeafOrder, settling: Settling, keys: Sequence[VerifierKey], agreed: TreeHead | None
) -> tuple[Edge, Checkpoint | None]:
    """The edge from which to grow, at ``agreed`` or beyond it; and what was published last.

    If we crashed after agreeing upon a tree and before signing it, that very tree comes next: so
    the edge is brought there, and whoever else got there first is met in peace.

    Raises:
        LogBroken: nothing may be signed.
        Outage: the order could not be read.
    """
    published = read_checkpoint(settling.disk, keys)
    size = await order.sequence()
    for told in (published, agreed):
        if told is not None and size < told.size:
            raise LogRewound(f"{told.size} leaves were told of, the ledger has {size}")
    if published is None:
        edge = await _begin_again(order, settling, size)
    else:
        edge = await _recover_published(order, settling, published)
    if agreed is not None:
        edge = await reach(order, settling, edge, agreed)
    return edge, published


async def _recover_published(order: LeafOrder, settling: Settling, published: Checkpoint) -> Edge:
    edge = load_edge(TileReader(settling.disk.read), published)
    if edge is not None:
        await read_on(order, edge, edge.size)
    edge = await _settle_again(order, settling, published, edge)
    if edge is None:
        if not await _leads_to(order, Edge(), published):
            raise _forked(published.size)
        edge = await _begin_again(order, settling, published.size)
    return edge


async def _settle_again(
    order: LeafOrder, settling: Settling, published: Checkpoint, edge: Edge | None
) -> Edge | None:
    """Make again what a power cut may have cost since the mark; None if all must be made again.

    ``edge`` is what the tiles say.  Without a mark they were all forced, and that is that.
    """
    disk = settling.disk
    mark = await in_thread(read_mark, disk)
    if mark is None:
        if edge is not None:
            await in_thread(settling.begin, edge)
        return edge
    if mark.size > published.size or not await _leads_to(order, mark, published):
        return None
    await in_thread(settling.begin, mark)
    await in_thread(write_whole, disk, named(unfull_tiles(mark)))
    await _extend(order, settling, mark, published.size)
    return load_edge(TileReader(disk.read), published)


async def reach(order: LeafOrder, settling: Settling, edge: Edge, agreed: TreeHead) -> Edge:
    """The edge, grown to the agreed tree if it was short of it, having that tree in it.

    Raises:
        LogForked: it leads to another tree than that.
        LogRewound: the order does not reach so far.
    """
    if edge.size < agreed.size:
        await read_on(order, edge, edge.size)
        edge = await _extend(order, settling, edge, agreed.size)
    if edge.size > agreed.size:  # a new folder, or a ledger older than ours
        if not await _leads_to(order, Edge(), agreed):
            raise _forked(agreed.size)
    elif edge.frontier.root() != agreed.root:
        raise LogForked(f"another tree of {agreed.size} leaves was agreed upon")
    return edge


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


async def _leads_to(order: LeafOrder, edge: Edge, told: Checkpoint | TreeHead) -> bool:
    """Before a single tile is overwritten: does the ledger lead from here to what was told?"""
    frontier = edge.frontier
    async for batch in _batches(order, edge.size, told.size):
        frontier, _ = frontier.grow([leaf_hash(leaf) for leaf in batch])
    return frontier.root() == told.root


def _forked(size: int) -> LogForked:
    return LogForked(f"the ledger's first {size} leaves have another root")


async def _begin_again(order: LeafOrder, settling: Settling, size: int) -> Edge:
    await in_thread(settling.begin, Edge())
    return await _extend(order, settling, Edge(), size)


async def _extend(order: LeafOrder, settling: Settling, edge: Edge, size: int) -> Edge:
    """The edge grown to ``size``, its tiles written, nothing signed."""
    async for batch in _batches(order, edge.size, size):
        edge, files = grow(edge, batch)
        await in_thread(write_whole, settling.disk, named(files))
        settling.owe(files, edge)
    return edge
