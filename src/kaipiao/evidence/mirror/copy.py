"""One step forward: from the tree that we hold to the one that the source has signed now.

The order of the steps is the safety argument:

1. checkpoint  signed by the log, and not smaller than ours
2. edge        the tiles at the right edge add up to its root
3. history     our tree is the beginning of it; else the log has broken its word
4. entries     bundle by bundle, each under the tile above it, then kept
5. checkpoint  put in place last: what it covers is here, all of it

A crash before 5 leaves the old checkpoint and some files more; they are read again, and proved.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, NoReturn, TypeVar

import msgspec

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, STAMPED_NAME, WITNESSED_NAME, Checkpoint
from kaipiao.evidence.disk import Disk, write_durably
from kaipiao.evidence.exhibits import Exhibits, Kind
from kaipiao.evidence.merkle import EMPTY_ROOT, leaf_hash
from kaipiao.evidence.mirror.shelf import NotSigned, Shelf, front
from kaipiao.evidence.mirror.tree import ProvenTree, tile_root
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import (
    ENTRIES,
    LEVEL_HEIGHT,
    TILE_WIDTH,
    Tile,
    edge_widths,
    parse_tile,
    split_bundle,
)
from kaipiao.evidence.walk import Spread, in_turn
from kaipiao.evidence.witness.submission import compose_submission
from kaipiao.ports import Clock

BATCH = 256
"""Bundles fetched, proved and forced to the disk together: 65,536 entries."""

T = TypeVar("T")
Read = Callable[[str], bytes]
Progress = Callable[[int, int], None]
"""Told how many entries we hold of how many."""


def in_silence(done: int, total: int) -> None:
    """Nobody watches."""


class SourceRefused(Exception):
    """The source has signed what cannot be reconciled with what we hold.  ``kind`` says how."""

    def __init__(self, kind: Kind, held: Checkpoint, offered: Checkpoint) -> None:
        super().__init__(f"{kind}: we hold {held.size} entries, it offers {offered.size}")
        self.kind = kind
        self.held = held
        self.offered = offered


class Copied(msgspec.Struct, frozen=True):
    """The checkpoint that we hold now, and how many entries are new."""

    checkpoint: Checkpoint
    entries: int


class Bundle(NamedTuple):
    number: int
    root: bytes  # that its leaves must have


class Copier:
    """Copies one log into one folder, whose lock the caller holds.  Not thread-safe."""

    def __init__(
        self,
        read: Read,
        disk: Disk,
        keys: Sequence[VerifierKey],
        *,
        exhibits: Exhibits,
        clock: Clock,
        spread: Spread = in_turn,
    ) -> None:
        self.shelf = Shelf(disk, keys)
        self._read = read
        self._disk = disk
        self._exhibits = exhibits
        self._clock = clock
        self._spread = spread

    def advance(self, progress: Progress = in_silence) -> Copied:
        """Take one step.

        Raises:
            SourceRefused: shorter, or another history.  Nothing changed.
            NotSigned, TilesDamaged, FileNotFoundError: the source is damaged, or no such log.
            OSError: the source did not answer, or our disk failed.
        """
        raw = self._read(CHECKPOINT_NAME)
        offered, found = self.shelf.signed(raw), self.shelf.held()
        held = found[0] if found else Checkpoint(offered.origin, 0, EMPTY_ROOT)
        if offered.size < held.size:
            self._refuse("rollback", held, offered, raw)
        if offered.size == held.size and offered.root != held.root:
            self._refuse("fork", held, offered, raw)
        tree = ProvenTree(self._fetch, offered)
        history = TileReader(_reading(tree))
        if held.size and history.root(held.size) != held.root:
            path = history.consistency_path(held.size, offered.size)
            self._refuse("fork", held, offered, raw, path)
        if found is None or offered.size > held.size:
            self._keep_entries(tree, held.size, progress)
            self._keep_edge(tree)
            write_durably(self._disk, {CHECKPOINT_NAME: raw})
            self._drop_outgrown(held.size, offered.size)
        self._keep_notes(offered)
        return Copied(offered, offered.size - held.size)

    # ---- what is refused ---------------------------------------------------------------------

    def _refuse(
        self,
        kind: Kind,
        held: Checkpoint,
        offered: Checkpoint,
        raw: bytes,
        path: Sequence[bytes] = (),
    ) -> NoReturn:
        """Keep what the log has signed.  ``path`` leads from another tree of our size to theirs."""
        found = self.shelf.held()
        self._exhibits.keep(
            held,
            found[1] if found else "",
            offered,
            raw.decode(),
            at=self._clock.now(),
            request=compose_submission(held.size, path, raw.decode()) if path else b"",
            kind=kind,
        )
        raise SourceRefused(kind, held, offered)

    # ---- what is kept ------------------------------------------------------------------------

    def _keep_entries(self, tree: ProvenTree, held: int, progress: Progress) -> None:
        """Every bundle that became full since, with its tile; then the full tiles above."""
        numbers = range(held // TILE_WIDTH, tree.size // TILE_WIDTH)
        done = numbers.start
        for batch in _batches(Bundle(number, tree.root_of(0, number)) for number in numbers):
            files: dict[str, bytes] = {}
            for proven in self._spread(self._proven_bundle, batch):
                files |= proven
                done += 1
                progress(done * TILE_WIDTH, tree.size)
            write_durably(self._disk, files)
        for level in range(1, len(edge_widths(tree.size))):
            reach = LEVEL_HEIGHT * (level + 1)
            tiles = [Tile(str(level), n) for n in range(held >> reach, tree.size >> reach)]
            for some in _batches(tiles):
                write_durably(self._disk, {tile.name: tree.content(tile) for tile in some})

    def _proven_bundle(self, bundle: Bundle) -> dict[str, bytes]:
        """A full bundle and the tile of its hashes.  What an earlier run kept is not fetched."""
        tile = Tile(ENTRIES, bundle.number)
        for fetch in (self._kept, self._fetch):
            content = fetch(tile)
            hashes = _leaf_hashes(content)
            if len(hashes) == TILE_WIDTH and tile_root(hashes) == bundle.root:
                is_new = fetch == self._fetch
                level_0 = {tile._replace(kind="0").name: b"".join(hashes)}
                return level_0 | ({tile.name: content} if is_new else {})
        raise TilesDamaged(f"{tile.name} is not what the tile above it says")

    def _keep_edge(self, tree: ProvenTree) -> None:
        """The tiles that are not full yet, and the entries of the newest."""
        files = {tile.name: b"".join(hashes) for tile, hashes in tree.edge.items()}
        number, width = divmod(tree.size, TILE_WIDTH)
        if width:
            tile = Tile(ENTRIES, number, width)
            content = self._fetch(tile)
            if _leaf_hashes(content) != list(tree.hashes(0, number)):
                raise TilesDamaged(f"{tile.name} is not what the tile of its hashes says")
            files[tile.name] = content
        write_durably(self._disk, files)

    def _drop_outgrown(self, held: int, size: int) -> None:
        """The partial forerunners of tiles that are full now hold nothing more than those."""
        for level, (number, width) in enumerate(edge_widths(held)):
            tile = Tile(str(level), number)
            if width and tile.in_tree(size).width == TILE_WIDTH:
                self._disk.drop_folder(f"{tile.name}.p")
                if level == 0:
                    self._disk.drop_folder(f"{tile._replace(kind=ENTRIES).name}.p")

    def _keep_notes(self, offered: Checkpoint) -> None:
        """The same tree as others have seen it, if the source shows that: cosigned, stamped."""
        for name in (WITNESSED_NAME, STAMPED_NAME):
            try:
                raw = self._read(name)
                seen = self.shelf.signed(raw)
            except (FileNotFoundError, NotSigned):
                continue
            if seen.size <= offered.size and self.root_at(seen.size, offered.size) == seen.root:
                write_durably(self._disk, {name: raw})

    # ---- what is read ------------------------------------------------------------------------

    def root_at(self, size: int, held: int) -> bytes:
        """The root of the first ``size`` entries of the copy, which covers ``held``."""

        def read(name: str) -> bytes:
            tile = parse_tile(name)
            assert tile is not None
            return self.shelf.tile(tile, size=held)

        return TileReader(read).root(size)

    def _kept(self, tile: Tile) -> bytes:
        """Empty, which proves nothing, if we have none."""
        try:
            return self._disk.read(tile.name)
        except FileNotFoundError:
            return b""

    def _fetch(self, tile: Tile) -> bytes:
        """From the source; a partial tile that is gone is the front of the full one."""
        try:
            return self._read(tile.name)
        except FileNotFoundError:
            if tile.width == TILE_WIDTH:
                raise
            return front(self._read(tile.full.name), tile)


def _leaf_hashes(bundle: bytes) -> list[bytes]:
    """None at all, which proves nothing, if this is no bundle."""
    try:
        return [leaf_hash(entry) for entry in split_bundle(bundle)]
    except ValueError:
        return []


def _reading(tree: ProvenTree) -> Read:
    """The proved tiles of a tree by their names, as wide as they were in an earlier one."""

    def read(name: str) -> bytes:
        tile = parse_tile(name)
        assert tile is not None
        return b"".join(tree.hashes(int(tile.kind), tile.number)[: tile.width])

    return read


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
