"""Tiles (C2SP tlog-tiles): the tree as static files that never change once published.

    tile/0/x001/234     256 leaf hashes, 8,192 bytes
    tile/1/004          256 hashes, each the root over one full tile of the level below
    tile/entries/000    256 entries, each behind its length (two bytes, big-endian)
    tile/0/x001/235.p/7 a partial tile: the first 7 hashes of a tile not yet full

A partial tile holds the first bytes of the full one, so whoever has the full tile has them all.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from kaipiao.evidence.merkle import HASH_BYTES

LEVEL_HEIGHT = 8
TILE_WIDTH = 1 << LEVEL_HEIGHT
ENTRIES = "entries"
ENTRY_BYTES = 32
"""Every entry of ours is a leaf of this length (``fiscal.leaf``)."""
_LENGTH = ENTRY_BYTES.to_bytes(2, "big")

_NAME = re.compile(
    r"tile/(?P<kind>entries|[0-9]|[1-5][0-9]|6[0-3])"
    r"/(?P<place>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class Tile(NamedTuple):
    """One tile: its kind (``entries``, or the level as text), number from the left, and width."""

    kind: str
    number: int
    width: int = TILE_WIDTH

    @property
    def name(self) -> str:
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.kind}/{_place(self.number)}{partial}"

    @property
    def byte_length(self) -> int:
        each = len(_LENGTH) + ENTRY_BYTES if self.kind == ENTRIES else HASH_BYTES
        return self.width * each

    def is_within(self, size: int) -> bool:
        """Whether all of it belongs to the tree of ``size``."""
        return self.width <= self.in_tree(size).width

    def in_tree(self, size: int) -> "Tile":
        """This tile as wide as it is in the tree of ``size``."""
        level = 0 if self.kind == ENTRIES else int(self.kind)
        width = (size >> LEVEL_HEIGHT * level) - self.number * TILE_WIDTH
        return Tile(self.kind, self.number, min(TILE_WIDTH, width))

    def at_edge(self, size: int) -> "Tile":
        """The tile of this level that is not full yet; its width is 0 if there is none."""
        number, width = divmod(size >> LEVEL_HEIGHT * int(self.kind), TILE_WIDTH)
        return Tile(self.kind, number, width)

    @property
    def full(self) -> "Tile":
        return self._replace(width=TILE_WIDTH)


def parse_tile(name: str) -> Tile | None:
    """Read a path below the log's address; None if no tile bears this name."""
    match = _NAME.fullmatch(name)
    if not match:
        return None
    number = int(match["place"].replace("x", "").replace("/", ""))
    tile = Tile(match["kind"], number, int(match["width"] or TILE_WIDTH))
    return tile if tile.name == name else None  # one spelling only: no x000, no width of 256


def _place(number: int) -> str:
    """1234067 is ``x001/x234/067``."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def edge_widths(size: int) -> list[tuple[int, int]]:
    """By level of a tree of ``size``: the number and width of the tile not yet full.

    A width of 0 means that there is none: empty tiles do not exist.
    """
    edges = []
    while size:
        edges.append(divmod(size, TILE_WIDTH))
        size >>= LEVEL_HEIGHT
    return edges


def compose_bundle(entries: Iterable[bytes]) -> bytes:
    return b"".join([_LENGTH + entry for entry in entries])


def parse_bundle(bundle: bytes) -> list[bytes]:
    """Read the entries of one bundle.

    Raises:
        ValueError: if it is not a row of 32-byte entries.
    """
    step = len(_LENGTH) + ENTRY_BYTES
    rows = [bundle[at : at + step] for at in range(0, len(bundle), step)]
    if any(len(row) != step or not row.startswith(_LENGTH) for row in rows):
        raise ValueError("an entry bundle holds entries of 32 bytes, each behind its length")
    return [row[len(_LENGTH) :] for row in rows]


def split_bundle(bundle: bytes) -> list[bytes]:
    """The entries of a bundle of any log, whatever their lengths.

    Raises:
        ValueError: if it is not a row of entries, each behind its length.
    """
    entries, at = [], 0
    while at < len(bundle):
        start = at + len(_LENGTH)
        at = start + int.from_bytes(bundle[at:start], "big")
        entries.append(bundle[start:at])
    if at != len(bundle):
        raise ValueError("ends inside an entry")
    return entries


def parse_hashes(tile: bytes) -> list[bytes]:
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]
