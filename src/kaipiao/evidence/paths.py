"""Paths for many leaves of one signed tree: the 256 leaves of a tile share all but its inside.

A path is made of three parts, from the leaf up: siblings inside its tile; siblings above it inside
its complete subtree; and the other complete subtrees of the tree, those on the right folded to one.
Only the first differs between the leaves of a tile; the rest is found, and proved against the
signed root, once for each.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.merkle import cover, fold, implied_root_of
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import LEVEL_HEIGHT, TILE_WIDTH

BLOCKS_REMEMBERED = 256


class _Block(NamedTuple):
    """The leaves that share what is above them: of a full tile, or of one subtree at the edge."""

    nodes: Sequence[Sequence[bytes]]  # of their tile, by height
    height: int  # of the subtree that they are
    above: tuple[bytes, ...]


class Paths:
    """Of one checkpoint.  Thread-safe, as its reader is."""

    def __init__(self, tiles: TileReader, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._tiles = tiles
        self._peaks = cover(0, checkpoint.size)
        self._starts = [index << height for height, index in self._peaks]
        self._block = lru_cache(maxsize=BLOCKS_REMEMBERED)(self._prove_block)

    def find(self, index: int) -> tuple[bytes, tuple[bytes, ...]]:
        """The hash of a leaf, proved to lie under the root, and the path that proves it.

        Raises:
            TilesDamaged: the tiles do not lead to the root, or are missing.
        """
        assert 0 <= index < self.checkpoint.size
        peak = bisect_right(self._starts, index) - 1
        nodes, height, above = self._block(peak, index // TILE_WIDTH)
        place = index % TILE_WIDTH
        inside = [nodes[h][place >> h ^ 1] for h in range(height)]
        return nodes[0][place], (*inside, *above)

    def _prove_block(self, peak: int, tile: int) -> _Block:
        size = self.checkpoint.size
        nodes = self._tiles.nodes(0, tile, size)
        height = min(LEVEL_HEIGHT, self._peaks[peak][0])
        first = max(self._starts[peak], tile * TILE_WIDTH)
        block = _Block(nodes, height, self._above(peak, first))
        place = first % TILE_WIDTH
        inside = [nodes[h][place >> h ^ 1] for h in range(height)]
        path = (*inside, *block.above)
        if implied_root_of(nodes[0][place], index=first, size=size, path=path) != (
            self.checkpoint.root
        ):
            raise TilesDamaged(f"tile {tile} does not lead to the root of {size}")
        return block

    def _above(self, peak: int, first: int) -> tuple[bytes, ...]:
        """What the leaves of a block share: siblings above their tile, then the other peaks."""
        siblings = []
        for height in range(LEVEL_HEIGHT, self._peaks[peak][0]):
            level, above = divmod(height, LEVEL_HEIGHT)
            tile, place = divmod(first >> height ^ 1, TILE_WIDTH >> above)
            siblings.append(self._tiles.nodes(level, tile, self.checkpoint.size)[above][place])
        peaks = self._tiles.peaks(self.checkpoint.size)
        right = [fold(peaks[peak + 1 :])] if peak + 1 < len(peaks) else []
        return (*siblings, *right, *reversed(peaks[:peak]))
