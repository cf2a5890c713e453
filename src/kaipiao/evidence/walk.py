"""From the signed root down to every entry: each file is held against what lies above it.

The tiles at the right edge add up to the root; every full tile must have the root that the tile
above it states; every entry must have the hash that its tile states.  So a wrong file is named,
whichever it is, and what a damaged tile should have said is made again from the files below it.
One tile of each level is in memory, whatever the size of the log.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Protocol, TypeVar

from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.fault import Fault, FaultCode
from kaipiao.evidence.merkle import EMPTY_ROOT, HASH_BYTES, Frontier, fold, leaf_hash
from kaipiao.evidence.tiles import (
    ENTRIES,
    LEVEL_HEIGHT,
    TILE_WIDTH,
    Tile,
    parse_hashes,
    split_bundle,
)

Hashes = Sequence[bytes]
Found = tuple[Hashes | None, list[Fault]]
A = TypeVar("A")
B = TypeVar("B")


class Spread(Protocol):
    """``map``, or one that keeps several files under way at once; results in order."""

    def __call__(self, work: Callable[[A], B], items: Iterable[A], /) -> Iterable[B]: ...


def in_turn(work: Callable[[A], B], items: Iterable[A], /) -> Iterable[B]:
    return map(work, items)


class Walk:
    """``read`` gives a file by its name or raises FileNotFoundError; any other OSError ends all.

    ``proven`` counts the entries shown to lie under the root.
    """

    def __init__(
        self, read: Callable[[str], bytes], checkpoint: Checkpoint, *, spread: Spread = in_turn
    ) -> None:
        self._read = read
        self._checkpoint = checkpoint
        self._spread = spread
        self._leads_to_root = True
        self.proven = 0

    def faults(self) -> Iterator[Fault]:
        size = self._checkpoint.size
        if size == 0:
            if self._checkpoint.root != EMPTY_ROOT:
                yield Fault(FaultCode.OTHER_ROOT, "", "an empty log has another root")
            return
        edges = [Tile(str(level), 0).at_edge(size) for level in range(_levels(size))]
        rows, faults = self._edge([tile for tile in edges if tile.width])
        yield from faults
        for tile, row in reversed(rows):
            yield from self._descend(tile, row)

    # ---- the right edge ----------------------------------------------------------------------

    def _edge(self, tiles: list[Tile]) -> tuple[list[tuple[Tile, Hashes]], list[Fault]]:
        """The edge tiles, lowest first, as they must have been; and what is wrong with them.

        Of each there are two readings, its own file and the files below it.  Those that add up
        to the root are the true ones.
        """
        files = [self._tile(tile) for tile in tiles]
        readings = [[hashes] if hashes else [] for hashes, _ in files]
        faults = [fault for _, found in files for fault in found]
        true = self._adding_up(readings)
        if true is None:
            for tile, reading in zip(tiles, readings, strict=True):
                again = self._from_below(tile)
                if again and again not in reading:
                    reading.append(again)
            true = self._adding_up(readings)
        if true is None:
            self._leads_to_root = False
            if all(readings):
                why = f"the files have another root than the checkpoint of {self._checkpoint.size}"
                faults.append(Fault(FaultCode.OTHER_ROOT, "", why))
            true = [reading[0] if reading else () for reading in readings]
        for tile, (hashes, _), truth in zip(tiles, files, true, strict=True):
            if hashes and hashes != truth:
                faults.append(_damaged(tile, "is not what the signed root says"))
        return [(tile, row) for tile, row in zip(tiles, true, strict=True) if row], faults

    def _adding_up(self, readings: list[list[Hashes]]) -> list[Hashes] | None:
        for rows in product(*readings):
            peaks = [peak for row in reversed(rows) for peak in Frontier().grow(row)[0].peaks]
            if fold(peaks) == self._checkpoint.root:
                return list(rows)
        return None

    # ---- downwards ---------------------------------------------------------------------------

    def _descend(self, tile: Tile, hashes: Hashes) -> Iterator[Fault]:
        """All that lies below a tile whose hashes are known."""
        if tile.kind == "0":
            yield from self._count(self._leaves(tile, hashes))
            return
        below = [
            (Tile(str(int(tile.kind) - 1), tile.number * TILE_WIDTH + place), root)
            for place, root in enumerate(hashes)
        ]
        if tile.kind == "1":
            for found in self._spread(self._leaf_tile, below):
                yield from self._count(found)
            return
        for child, root in below:
            truth, faults = self._truth(child, root)
            yield from faults
            if truth:
                yield from self._descend(child, truth)

    def _count(self, found: tuple[int, list[Fault]]) -> list[Fault]:
        self.proven += found[0] if self._leads_to_root else 0
        return found[1]

    def _leaf_tile(self, known: tuple[Tile, bytes]) -> tuple[int, list[Fault]]:
        truth, faults = self._truth(*known)
        proven, more = self._leaves(known[0], truth) if truth else (0, [])
        return proven, [*faults, *more]

    def _truth(self, tile: Tile, root: bytes) -> Found:
        """The hashes of a full tile that has this root, from its file or else from below."""
        hashes, faults = self._tile(tile)
        if hashes and _root(hashes) == root:
            return hashes, faults
        if hashes:
            faults.append(_damaged(tile, "is not what the tile above it says"))
        again = self._from_below(tile)
        if again and _root(again) == root:
            return again, faults
        faults.append(Fault(FaultCode.UNPROVEN, tile.name, "nothing below it can be checked"))
        return None, faults

    def _leaves(self, tile: Tile, hashes: Hashes) -> tuple[int, list[Fault]]:
        """How many entries have the hashes of their tile, and what is wrong with the others."""
        bundle = tile._replace(kind=ENTRIES)
        entries, faults = self._entries(bundle)
        if entries is None:
            return 0, faults
        wrong = [n for n, entry in enumerate(entries) if leaf_hash(entry) != hashes[n]]
        if wrong:
            first = tile.number * TILE_WIDTH + wrong[0]
            faults.append(_damaged(bundle, f"holds {len(wrong)} wrong entries, the first {first}"))
        return len(entries) - len(wrong), faults

    # ---- files -------------------------------------------------------------------------------

    def _from_below(self, tile: Tile) -> Hashes | None:
        """A tile made again from the files below it; None if one of them cannot be used."""
        if tile.kind == "0":
            entries, _ = self._entries(tile._replace(kind=ENTRIES))
            return None if entries is None else [leaf_hash(entry) for entry in entries]
        first, level = tile.number * TILE_WIDTH, str(int(tile.kind) - 1)
        roots = []
        for place in range(tile.width):
            hashes, _ = self._tile(Tile(level, first + place))
            if not hashes:
                return None
            roots.append(_root(hashes))
        return roots

    def _tile(self, tile: Tile) -> Found:
        content, faults = self._file(tile)
        if content is None:
            return None, faults
        hashes = parse_hashes(content)
        if tile.width < len(hashes) and len(hashes) == TILE_WIDTH:
            hashes = hashes[: tile.width]  # the full tile, which holds what the partial one held
        if len(hashes) != tile.width or len(content) % HASH_BYTES:
            return None, [_damaged(tile, f"has {len(content)} bytes, not {tile.byte_length}")]
        return hashes, faults

    def _entries(self, bundle: Tile) -> Found:
        content, faults = self._file(bundle)
        if content is None:
            return None, faults
        try:
            entries = split_bundle(content)
        except ValueError as error:
            return None, [_damaged(bundle, str(error))]
        if len(entries) not in (bundle.width, TILE_WIDTH):
            return None, [_damaged(bundle, f"has {len(entries)} entries, not {bundle.width}")]
        return entries[: bundle.width], faults

    def _file(self, tile: Tile) -> tuple[bytes | None, list[Fault]]:
        """A partial tile that is gone may be found at the front of the full one."""
        for name in dict.fromkeys([tile.name, tile.full.name]):
            try:
                return self._read(name), []
            except FileNotFoundError:
                continue
        return None, [Fault(FaultCode.MISSING, tile.name, "is missing")]


def _levels(size: int) -> int:
    return -(-size.bit_length() // LEVEL_HEIGHT)


def _root(hashes: Hashes) -> bytes:
    return Frontier().grow(hashes)[0].root()


def _damaged(tile: Tile, why: str) -> Fault:
    return Fault(FaultCode.DAMAGED, tile.name, why)
