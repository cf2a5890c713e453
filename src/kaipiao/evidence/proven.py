"""Leaves as they were published, each shown to lie under one signed checkpoint.

For whoever is about to rely on the log instead of on the ledger: the files alone could have
rotted, the ledger alone could be wrong, and only what both say is kept.
"""

from collections.abc import Callable
from functools import lru_cache

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, parse_checkpoint
from kaipiao.evidence.merkle import Frontier, implied_root, inclusion_ranges, leaf_hash
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import TILE_WIDTH

BUNDLES_REMEMBERED = 64


class ProvenLeaves:
    """The log below its newest checkpoint, which must be signed by ``key``.

    Raises:
        TilesDamaged: it is not, or it is no checkpoint.
        OSError: nothing is published.
    """

    def __init__(self, read: Callable[[str], bytes], key: VerifierKey) -> None:
        self._tiles = TileReader(read)
        self.note = read(CHECKPOINT_NAME).decode()
        try:
            note = parse_note(self.note)
            self._checkpoint = parse_checkpoint(note.text)
        except ValueError as error:
            raise TilesDamaged(f"the checkpoint: {error}") from error
        if key.standing(note) is not Standing.SIGNED or self.origin != key.name:
            raise TilesDamaged(f"the checkpoint is not signed by {key}")
        self._bundle = lru_cache(maxsize=BUNDLES_REMEMBERED)(self._prove_bundle)

    @property
    def origin(self) -> str:
        return self._checkpoint.origin

    @property
    def size(self) -> int:
        return self._checkpoint.size

    @property
    def root(self) -> bytes:
        return self._checkpoint.root

    def leaves(self, start: int, end: int) -> list[bytes]:
        """From ``start`` to before ``end``.

        Raises:
            TilesDamaged: some are missing, or do not lead to the root.
        """
        assert 0 <= start <= end <= self.size
        leaves: list[bytes] = []
        for bundle in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
            first = bundle * TILE_WIDTH
            leaves += self._bundle(bundle)[max(0, start - first) : end - first]
        return leaves

    def _prove_bundle(self, bundle: int) -> list[bytes]:
        """One bundle: a path through its own hashes, then through the tiles, to the root."""
        size, first = self.size, bundle * TILE_WIDTH
        entries = self._tiles.entries(bundle, size)
        hashes = [leaf_hash(entry) for entry in entries]
        inside = [
            Frontier().grow(hashes[start:end])[0].root()
            for start, end in inclusion_ranges(0, len(hashes))
        ]
        path = [*inside, *self._tiles.inclusion_path(first, size)[len(inside) :]]
        if implied_root(entries[0], index=first, size=size, path=path) != self.root:
            raise TilesDamaged(f"bundle {bundle} does not lead to the root of {size}")
        return entries
