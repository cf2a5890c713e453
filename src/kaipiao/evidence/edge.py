"""The right edge: all that is needed to grow the log without reading it back.  Pure.

``grow`` turns new leaves into the files to write.  It is a function from an edge to an edge,
so a write that fails half-way leaves the old edge, and the next attempt starts from there.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kaipiao.evidence.merkle import Frontier, leaf_hash
from kaipiao.evidence.tiles import (
    ENTRIES,
    LEVEL_HEIGHT,
    TILE_WIDTH,
    Tile,
    compose_bundle,
    edge_widths,
)


class Edge(NamedTuple):
    frontier: Frontier = Frontier()
    levels: tuple[tuple[bytes, ...], ...] = ()
    """By level: the hashes of the tile that is not full yet."""
    entries: tuple[bytes, ...] = ()
    """The entries of the bundle that is not full yet."""
    last: bytes = b""
    """The newest entry of all; empty in an empty log."""

    @property
    def size(self) -> int:
        return self.frontier.size


Files = dict[Tile, bytes]


def grow(edge: Edge, leaves: Sequence[bytes]) -> tuple[Edge, Files]:
    """Append leaves: the new edge, and the tiles to write so that the new size can be served."""
    if not leaves:
        return edge, {}
    frontier, rows = edge.frontier.grow([leaf_hash(leaf) for leaf in leaves])
    files: Files = {}
    levels = list(edge.levels)
    for level, row in enumerate(rows[::LEVEL_HEIGHT]):
        if level == len(levels):
            levels.append(())
        first = edge.size >> LEVEL_HEIGHT * level
        cut, levels[level] = _cut(str(level), first, (*levels[level], *row))
        files.update((tile, b"".join(hashes)) for tile, hashes in cut)
    cut, entries = _cut(ENTRIES, edge.size, (*edge.entries, *leaves))
    files.update((tile, compose_bundle(bundle)) for tile, bundle in cut)
    return Edge(frontier, tuple(levels), entries, leaves[-1]), files


def named(files: Files) -> dict[str, bytes]:
    """The same files by their names in the log's folder."""
    return {tile.name: content for tile, content in files.items()}


def unfull_tiles(edge: Edge) -> Files:
    """The tiles at the edge that are not full, as the tree of its size is served."""
    files: Files = {}
    for level, hashes in enumerate(edge.levels):
        if hashes:
            tile = Tile(str(level), edge.size >> LEVEL_HEIGHT * (level + 1), len(hashes))
            files[tile] = b"".join(hashes)
    if edge.entries:
        tile = Tile(ENTRIES, edge.size // TILE_WIDTH, len(edge.entries))
        files[tile] = compose_bundle(edge.entries)
    return files


def filled(before: int, after: int) -> Iterator[Tile]:
    """The tiles that became full while the log grew from one size to another."""
    first, end = before // TILE_WIDTH, after // TILE_WIDTH
    yield from (Tile(ENTRIES, number) for number in range(first, end))
    for level, _ in enumerate(edge_widths(after)):
        height = LEVEL_HEIGHT * (level + 1)
        yield from (Tile(str(level), n) for n in range(before >> height, after >> height))


def _cut(
    kind: str, size: int, cells: tuple[bytes, ...]
) -> tuple[list[tuple[Tile, tuple[bytes, ...]]], tuple[bytes, ...]]:
    """Cut cells, the first of which opens a tile, into tiles; also what the last, unfull one holds.

    ``size`` is how many cells there were before the new ones came.
    """
    first = size // TILE_WIDTH
    pieces = [cells[at : at + TILE_WIDTH] for at in range(0, len(cells), TILE_WIDTH)]
    tiles = [(Tile(kind, first + n, len(piece)), piece) for n, piece in enumerate(pieces)]
    return tiles, pieces[-1] if len(pieces[-1]) < TILE_WIDTH else ()
