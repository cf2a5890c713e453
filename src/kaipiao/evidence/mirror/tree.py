"""The tiles above the leaves, each proved before it is used: from the signed root down.

The tiles at the right edge must add up to the root; a full tile must have the root that the tile
above it states.  Entries are somebody else's: these are the hashes that they must have.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.merkle import EMPTY_ROOT, HASH_BYTES, Frontier, fold
from kaipiao.evidence.reader import TilesDamaged
from kaipiao.evidence.tiles import TILE_WIDTH, Tile, edge_widths, parse_hashes

TILES_REMEMBERED = 1024
"""8 KiB each."""

Fetch = Callable[[Tile], bytes]
"""The bytes of a tile as wide as it is asked for.  Raises FileNotFoundError, OSError."""


class ProvenTree:
    """One tree of one size.  Not thread-safe."""

    def __init__(self, fetch: Fetch, checkpoint: Checkpoint) -> None:
        """Fetch and prove the right edge.

        Raises:
            TilesDamaged: what was fetched does not add up to the signed root.
            FileNotFoundError, OSError: it could not be fetched.
        """
        self._fetch = fetch
        self.size = checkpoint.size
        self.edge = self._prove_edge(checkpoint)
        self._full: OrderedDict[Tile, Sequence[bytes]] = OrderedDict()

    def content(self, tile: Tile) -> bytes:
        """A tile of this tree, proved, as wide as it is in it."""
        return b"".join(self.hashes(int(tile.kind), tile.number))

    def hashes(self, level: int, number: int) -> Sequence[bytes]:
        """The hashes of one tile.  Raises as the constructor does."""
        tile = Tile(str(level), number).in_tree(self.size)
        if tile.width < TILE_WIDTH:
            return self.edge[tile]
        if tile not in self._full:
            self._full[tile] = self._prove_full(tile, level)
            if len(self._full) > TILES_REMEMBERED:
                self._full.popitem(last=False)
        self._full.move_to_end(tile)
        return self._full[tile]

    def root_of(self, level: int, number: int) -> bytes:
        """The root that a full tile must have: the tile above says it."""
        above, place = divmod(number, TILE_WIDTH)
        return self.hashes(level + 1, above)[place]

    def _prove_full(self, tile: Tile, level: int) -> Sequence[bytes]:
        hashes = self._hashes(tile)
        if tile_root(hashes) != self.root_of(level, tile.number):
            raise TilesDamaged(f"{tile.name} is not what the tile above it says")
        return hashes

    def _prove_edge(self, checkpoint: Checkpoint) -> dict[Tile, Sequence[bytes]]:
        tiles = [
            Tile(str(level), number, width)
            for level, (number, width) in enumerate(edge_widths(checkpoint.size))
            if width
        ]
        edge = {tile: self._hashes(tile) for tile in tiles}
        peaks = [p for tile in reversed(tiles) for p in Frontier().grow(edge[tile])[0].peaks]
        if (fold(peaks) if peaks else EMPTY_ROOT) != checkpoint.root:
            raise TilesDamaged(f"the tiles do not add up to the root of {checkpoint.size}")
        return edge

    def _hashes(self, tile: Tile) -> Sequence[bytes]:
        content = self._fetch(tile)
        if len(content) != tile.width * HASH_BYTES:
            raise TilesDamaged(f"{tile.name} has {len(content)} bytes")
        return parse_hashes(content)


def tile_root(hashes: Sequence[bytes]) -> bytes:
    return Frontier().grow(hashes)[0].root()
