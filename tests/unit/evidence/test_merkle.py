"""The tree is the one of RFC 6962: same hashes, same roots, same proofs, and no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    Range,
    consistency_ranges,
    cover,
    implied_root,
    inclusion_ranges,
    is_consistent,
    leaf_hash,
    node_hash,
    tree_root,
)
from tests.unit.evidence.rfc6962 import slow_path, slow_proof, slow_root

LEAVES = [f"invoice {n}".encode() for n in range(1100)]
ROOTS = [slow_root(LEAVES[:size]) for size in range(131)]

# The eight leaves and the roots of their first 1 to 8, as the Certificate Transparency
# implementations have always tested them.
KNOWN_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def root_of(span: Range) -> bytes:
    return slow_root(LEAVES[slice(*span)])


def test_the_hashes_are_the_ones_everybody_uses() -> None:
    """Known answers; the oracle shares these two functions, so it cannot check them."""
    assert leaf_hash(b"L123456").hex().startswith("395aa064aa4c29f7")
    assert node_hash(b"N123", b"N456").hex().startswith("aa217fe888e47007")
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_the_ones_everybody_gets(size: int) -> None:
    assert tree_root(KNOWN_LEAVES[:size]).hex() == KNOWN_ROOTS[size - 1]


@pytest.mark.parametrize("size", range(131))
def test_a_frontier_has_the_root_of_the_definition(size: int) -> None:
    assert tree_root(LEAVES[:size]) == ROOTS[size]


@given(st.lists(st.integers(min_value=0, max_value=300), max_size=8))
def test_a_tree_may_grow_in_any_portions(portions: list[int]) -> None:
    frontier = Frontier()
    for portion in portions:
        new = LEAVES[frontier.size : frontier.size + portion]
        frontier, _ = frontier.grow([leaf_hash(leaf) for leaf in new])

    assert frontier.root() == slow_root(LEAVES[: frontier.size])


@given(st.integers(min_value=0, max_value=500), st.integers(min_value=1, max_value=500))
def test_growing_names_every_node_that_is_completed(size: int, more: int) -> None:
    before, _ = Frontier().grow([leaf_hash(leaf) for leaf in LEAVES[:size]])
    _, rows = before.grow([leaf_hash(leaf) for leaf in LEAVES[size : size + more]])

    for height, row in enumerate(rows):
        first, last = size >> height, (size + more) >> height
        assert list(row) == [root_of((i << height, i + 1 << height)) for i in range(first, last)]
    assert (size + more) >> len(rows) == size >> len(rows)


@pytest.mark.parametrize("size", range(1, 131))
def test_every_leaf_of_every_small_tree_has_its_path(size: int) -> None:
    for index in range(size):
        path = [root_of(span) for span in inclusion_ranges(index, size)]

        assert path == slow_path(index, LEAVES[:size])
        assert implied_root(LEAVES[index], index=index, size=size, path=path) == ROOTS[size]


@given(st.data())
def test_leaves_of_larger_trees_have_theirs(data: st.DataObject) -> None:
    size = data.draw(st.integers(min_value=1, max_value=len(LEAVES)))
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    path = [root_of(span) for span in inclusion_ranges(index, size)]
    root = tree_root(LEAVES[:size])

    assert implied_root(LEAVES[index], index=index, size=size, path=path) == root


@pytest.mark.parametrize("new", range(1, 66))
def test_every_two_small_trees_are_proved_consistent(new: int) -> None:
    for old in range(1, new + 1):
        path = [root_of(span) for span in consistency_ranges(old, new)]

        assert path == slow_proof(old, LEAVES[:new])
        assert is_consistent(old, ROOTS[old], new, ROOTS[new], path)


@given(st.data())
def test_a_path_proves_no_other_leaf_place_or_hash(data: st.DataObject) -> None:
    size = data.draw(st.integers(min_value=2, max_value=130))
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    path = slow_path(index, LEAVES[:size])
    spoiled = list(path)
    at = data.draw(st.integers(min_value=0, max_value=len(path) - 1))
    spoiled[at] = bytes(32)

    def root(leaf: bytes, index: int, path: list[bytes]) -> bytes | None:
        try:
            return implied_root(leaf, index=index, size=size, path=path)
        except ValueError:
            return None

    assert root(LEAVES[index] + b"!", index, path) != ROOTS[size]
    assert root(LEAVES[index], index, spoiled) != ROOTS[size]
    assert root(LEAVES[index], index, path[:-1]) is None
    assert root(LEAVES[index], index, [*path, bytes(32)]) is None
    for other in range(size):
        assert (root(LEAVES[index], other, path) == ROOTS[size]) == (other == index)


def test_a_leaf_outside_the_tree_has_no_root() -> None:
    for index, size in ((0, 0), (1, 1), (-1, 1)):
        with pytest.raises(ValueError, match="no leaf"):
            implied_root(b"", index=index, size=size, path=[])


@given(st.data())
def test_a_rewritten_history_is_never_consistent(data: st.DataObject) -> None:
    new = data.draw(st.integers(min_value=2, max_value=130))
    old = data.draw(st.integers(min_value=1, max_value=new))
    path = slow_proof(old, LEAVES[:new])
    forked = slow_root([b"rewritten", *LEAVES[1:old]])
    longer, shorter = [*path, bytes(32)], path[:-1]

    assert not is_consistent(old, forked, new, ROOTS[new], path)
    assert not is_consistent(old, ROOTS[old], new, bytes(32), path)
    assert not is_consistent(old, ROOTS[old], new, ROOTS[new], longer)
    assert not path or not is_consistent(old, ROOTS[old], new, ROOTS[new], shorter)
    assert not is_consistent(new + 1, ROOTS[old], new, ROOTS[new], path)


def test_the_empty_tree_began_every_tree_and_needs_no_proof() -> None:
    assert is_consistent(0, EMPTY_ROOT, 7, ROOTS[7], [])
    assert is_consistent(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert consistency_ranges(0, 7) == []
    assert not is_consistent(0, ROOTS[1], 7, ROOTS[7], [])
    assert not is_consistent(0, EMPTY_ROOT, 7, ROOTS[7], [bytes(32)])


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_complete_subtrees_cover_a_tree_of_any_size(size: int) -> None:
    nodes = cover(0, size)

    assert sum(1 << height for height, _ in nodes) == size
    assert [height for height, _ in nodes] == sorted({h for h, _ in nodes}, reverse=True)


@given(st.integers(min_value=1, max_value=2**63 - 1), st.data())
def test_no_path_is_longer_than_the_limit(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(min_value=0, max_value=size - 1))

    assert len(inclusion_ranges(index, size)) <= 63
    assert len(consistency_ranges(index + 1, size)) <= 64
