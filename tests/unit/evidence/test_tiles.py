"""The log as static files: names, contents and proofs as C2SP tlog-tiles has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.merkle import implied_root, is_consistent, leaf_hash
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import (
    ENTRIES,
    Tile,
    compose_bundle,
    edge_widths,
    parse_bundle,
    parse_tile,
)
from tests.unit.evidence.fakes import make_leaves
from tests.unit.evidence.rfc6962 import slow_path, slow_proof, slow_root

LEAVES = make_leaves(70_000)
portions = st.lists(st.integers(min_value=1, max_value=700), min_size=1, max_size=6)


def written(sizes: list[int]) -> tuple[Edge, dict[str, bytes]]:
    """A log that grew to each of these sizes in turn: its edge and all its files."""
    edge, files = Edge(), {}
    for size in sizes:
        edge, new = grow(edge, LEAVES[edge.size : size])
        files.update({tile.name: content for tile, content in new.items()})
    return edge, files


def reader_of(files: dict[str, bytes]) -> TileReader:
    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    return TileReader(read)


@pytest.mark.parametrize(
    "tile, name",
    [
        (Tile("0", 0), "tile/0/000"),
        (Tile("0", 999), "tile/0/999"),
        (Tile("0", 1000), "tile/0/x001/000"),
        (Tile("3", 1234067), "tile/3/x001/x234/067"),
        (Tile(ENTRIES, 1234067, 7), "tile/entries/x001/x234/067.p/7"),
        (Tile("63", 1, 255), "tile/63/001.p/255"),
    ],
)
def test_a_tile_has_the_name_of_the_specification(tile: Tile, name: str) -> None:
    assert tile.name == name
    assert parse_tile(name) == tile


@given(
    st.sampled_from([ENTRIES, *map(str, range(64))]),
    st.integers(min_value=0, max_value=10**18 - 1),
    st.integers(min_value=1, max_value=256),
)
def test_every_tile_is_found_under_its_name(kind: str, number: int, width: int) -> None:
    tile = Tile(kind, number, width)

    assert parse_tile(tile.name) == tile


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/07",
        "tile/0/000.p",
        "tile/0/000\n",
        "tile/0/００１",
        "tile/0/../../log.key",
        "/tile/0/000",
        "tile/entries/000.new",
        "checkpoint",
        ".lock",
        "",
    ],
)
def test_no_other_spelling_is_a_tile(name: str) -> None:
    assert parse_tile(name) is None


@given(st.text())
def test_no_text_at_all_breaks_the_reader_of_names(name: str) -> None:
    parse_tile(f"tile/0/{name}")
    parse_tile(name)


def test_a_tree_of_70000_has_the_tiles_the_specification_counts() -> None:
    _, files = written([70_000])

    def count(prefix: str) -> int:
        return sum(name.startswith(prefix) and ".p/" not in name for name in files)

    assert (count("tile/0/"), count("tile/entries/"), count("tile/1/")) == (273, 273, 1)
    assert {name for name in files if ".p/" in name} == {
        "tile/0/273.p/112",
        "tile/entries/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    }
    assert edge_widths(70_000) == [(273, 112), (1, 17), (0, 1)]


def test_a_tree_of_256_has_a_full_tile_and_one_hash_above_it() -> None:
    _, files = written([256])

    assert sorted(files) == ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]
    assert files["tile/1/000.p/1"] == slow_root(LEAVES[:256])
    assert len(files["tile/0/000"]) == 8192


@given(portions)
def test_every_tile_is_what_the_specification_says(steps: list[int]) -> None:
    sizes = [sum(steps[: n + 1]) for n in range(len(steps))]
    edge, files = written(sizes)

    assert edge.frontier.root() == slow_root(LEAVES[: edge.size])
    for name, content in files.items():
        tile = parse_tile(name)
        assert tile is not None
        assert 1 <= tile.width <= 256
        if tile.kind == ENTRIES:
            start = tile.number * 256
            assert parse_bundle(content) == LEAVES[start : start + tile.width]
        else:
            span = 256 ** int(tile.kind)
            starts = [(tile.number * 256 + i) * span for i in range(tile.width)]
            assert content == b"".join(slow_root(LEAVES[at : at + span]) for at in starts)


@given(portions)
def test_every_published_size_finds_all_its_tiles(steps: list[int]) -> None:
    """A checkpoint of any size we stopped at can be checked from the files, for ever."""
    sizes = [sum(steps[: n + 1]) for n in range(len(steps))]
    _, files = written(sizes)

    for size in sizes:
        assert reader_of(files).root(size) == slow_root(LEAVES[:size])
        for level, (number, width) in enumerate(edge_widths(size)):
            assert not width or Tile(str(level), number, width).name in files


@given(st.data())
def test_the_tiles_alone_prove_every_leaf_and_every_growth(data: st.DataObject) -> None:
    size = data.draw(st.integers(min_value=1, max_value=1500))
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    edge, files = written([index + 1, size] if index + 1 < size else [size])
    tiles = reader_of(files)

    path = tiles.inclusion_path(index, size)
    assert path == slow_path(index, LEAVES[:size])
    assert implied_root(LEAVES[index], index=index, size=size, path=path) == edge.frontier.root()
    growth = tiles.consistency_path(index + 1, size)
    assert growth == slow_proof(index + 1, LEAVES[:size])
    old = slow_root(LEAVES[: index + 1])
    assert is_consistent(index + 1, old, size, edge.frontier.root(), growth)


def test_a_partial_tile_is_found_at_the_front_of_the_full_one() -> None:
    """The forerunners of a full tile are thrown away; old checkpoints lose nothing by it."""
    _, files = written([100, 300])
    del files["tile/0/000.p/100"], files["tile/entries/000.p/100"]
    tiles = reader_of(files)

    assert tiles.root(100) == slow_root(LEAVES[:100])
    assert tiles.entries(0, 100) == LEAVES[:100]


def test_a_missing_short_or_strange_tile_is_called_damaged() -> None:
    _, files = written([300])

    for name, content in (("tile/0/001.p/44", b"short"), ("tile/entries/001.p/44", bytes(44 * 34))):
        spoiled = reader_of({**files, name: content})
        with pytest.raises(TilesDamaged):
            _ = spoiled.root(300), spoiled.entries(1, 300)
        missing = reader_of({other: c for other, c in files.items() if other != name})
        with pytest.raises(TilesDamaged):
            _ = missing.root(300), missing.entries(1, 300)


def test_a_bundle_is_its_entries_behind_their_lengths() -> None:
    entry = LEAVES[0]

    assert compose_bundle([entry]) == b"\x00\x20" + entry
    assert parse_bundle(b"\x00\x20" + entry) == [entry]
    for wrong in (b"\x00\x20" + entry[:-1], b"\x00\x21" + entry, b"\x00"):
        with pytest.raises(ValueError, match="32 bytes"):
            parse_bundle(wrong)


def test_an_edge_that_gains_nothing_writes_nothing() -> None:
    edge, _ = written([300])

    assert grow(edge, []) == (edge, {})


def test_the_edge_is_small_however_large_the_log() -> None:
    edge, _ = written([70_000])

    assert [len(level) for level in edge.levels] == [112, 17, 1]
    assert edge.levels[0][-1] == leaf_hash(edge.last) == leaf_hash(LEAVES[-1])
