"""Reading the log back: entries, roots and proofs, from the tiles alone.

The gateway, a mirror and an auditor all read this way; none of them needs the ledger.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from kaipiao.evidence.merkle import (
    Frontier,
    Range,
    consistency_ranges,
    cover,
    fold,
    inclusion_ranges,
)
from kaipiao.evidence.tiles import (
    ENTRIES,
    LEVEL_HEIGHT,
    TILE_WIDTH,
    Tile,
    parse_bundle,
    parse_hashes,
)

TILES_REMEMBERED = 256
"""About 16 KiB each, once their inner nodes are worked out."""


class TilesDamaged(Exception):
    """A tile that a published checkpoint needs is missing or is not what it should be."""


class TileReader:
    """``read`` gives the bytes of a file by its name, or raises FileNotFoundError.

    Only ask for sizes of published checkpoints: tiles beyond may still change.
    """

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._rows = lru_cache(maxsize=TILES_REMEMBERED)(self._work_out)

    def read(self, tile: Tile) -> bytes:
        """The bytes of one tile; a partial tile is also found at the front of the full one.

        Raises:
            FileNotFoundError: there is no such tile.
            TilesDamaged: it is shorter than it must be.
        """
        try:
            content = self._read(tile.name)
        except FileNotFoundError:
            content = self._read(tile.full.name)[: tile.byte_length]
        if len(content) != tile.byte_length:
            raise TilesDamaged(f"{tile.name} has {len(content)} bytes")
        return content

    def root(self, size: int) -> bytes:
        return self._subtree((0, size), size)

    def inclusion_path(self, index: int, size: int) -> list[bytes]:
        """What proves that leaf ``index`` is in the tree of ``size``; leaf's sibling first."""
        return [self._subtree(span, size) for span in inclusion_ranges(index, size)]

    def consistency_path(self, old: int, new: int) -> list[bytes]:
        """What proves that the tree of ``old`` leaves is the beginning of the tree of ``new``."""
        return [self._subtree(span, new) for span in consistency_ranges(old, new)]

    def entries(self, bundle: int, size: int) -> list[bytes]:
        """The entries of one bundle (256, or fewer at the edge) of the tree of ``size``."""
        try:
            return parse_bundle(self._needed(Tile(ENTRIES, bundle).in_tree(size)))
        except ValueError as error:
            raise TilesDamaged(str(error)) from error

    def hashes(self, level: int, tile: int, size: int) -> list[bytes]:
        """The hashes of one tile of the tree of ``size``."""
        return parse_hashes(self._needed(Tile(str(level), tile).in_tree(size)))

    def nodes(self, level: int, tile: int, size: int) -> Sequence[Sequence[bytes]]:
        """The same, and the complete nodes above them within the tile: by height, from 0."""
        return self._rows(Tile(str(level), tile).in_tree(size))

    def peaks(self, size: int) -> tuple[bytes, ...]:
        return tuple(self._node(height, index, size) for height, index in cover(0, size))

    def _subtree(self, span: Range, size: int) -> bytes:
        return fold([self._node(height, index, size) for height, index in cover(*span)])

    def _node(self, height: int, index: int, size: int) -> bytes:
        level, above = divmod(height, LEVEL_HEIGHT)
        tile, place = divmod(index, TILE_WIDTH >> above)
        return self._rows(Tile(str(level), tile).in_tree(size))[above][place]

    def _work_out(self, tile: Tile) -> list[Sequence[bytes]]:
        """The nodes of a tile and all complete ones above them, by height."""
        return Frontier().grow(parse_hashes(self._needed(tile)))[1]

    def _needed(self, tile: Tile) -> bytes:
        try:
            return self.read(tile)
        except FileNotFoundError as error:
            raise TilesDamaged(f"{tile.name} is missing") from error
