"""Paths found by sharing are the paths of the definition, and are proved before they are given."""

import pytest

from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.merkle import implied_root, leaf_hash
from kaipiao.evidence.paths import Paths
from kaipiao.evidence.reader import TileReader, TilesDamaged
from tests.unit.evidence.fakes import ORIGIN, make_leaves
from tests.unit.evidence.rfc6962 import slow_path

LEAVES = make_leaves(70_000)


def log_of(size: int) -> tuple[dict[str, bytes], Checkpoint]:
    edge, files = grow(Edge(), LEAVES[:size])
    content = {tile.name: bytes_ for tile, bytes_ in files.items()}
    return content, Checkpoint(ORIGIN, size, edge.frontier.root())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100, 255, 256, 257, 300, 511, 512, 513, 769])
def test_every_leaf_has_its_path(size: int) -> None:
    files, checkpoint = log_of(size)
    paths = Paths(TileReader(files.__getitem__), checkpoint)
    step = max(1, size // 60)
    for index in {*range(0, size, step), size - 1, size // 2, min(255, size - 1)}:
        hash_, path = paths.find(index)

        assert hash_ == leaf_hash(LEAVES[index])
        assert list(path) == slow_path(index, LEAVES[:size])


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 66_000, 70_000])
def test_leaves_of_larger_trees_lead_to_the_root(size: int) -> None:
    files, checkpoint = log_of(size)
    paths = Paths(TileReader(files.__getitem__), checkpoint)
    for index in {*range(0, size, 999), 65_535 % size, size - 1, size - 2}:
        _, path = paths.find(index)
        root = implied_root(LEAVES[index], index=index, size=size, path=path)
        assert root == checkpoint.root


def test_a_path_that_would_not_lead_to_the_root_is_never_given() -> None:
    files, checkpoint = log_of(700)
    for name in ("tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"):
        content = bytearray(files[name])
        content[20] ^= 1
        damaged = Paths(TileReader((files | {name: bytes(content)}).__getitem__), checkpoint)
        index = 300 if name in ("tile/0/001", "tile/1/000.p/2") else 0
        index = 600 if name == "tile/0/002.p/188" else index
        with pytest.raises(TilesDamaged, match="does not lead to the root"):
            damaged.find(index)
