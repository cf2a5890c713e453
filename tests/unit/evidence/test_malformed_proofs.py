"""Every proof that is not the one right proof is refused, whatever is wrong with it.

The tables are those that transparency logs test one another with: wrong length, wrong index or
size, roots that are empty or not 32 bytes, elements cut, added, doubled, swapped or flipped.  The
second opinion is the RFC's definition read backwards: rebuild the root by recursion, from the top.
"""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.evidence.merkle import EMPTY_ROOT, implied_root, is_consistent, leaf_hash, node_hash
from tests.unit.evidence.rfc6962 import slow_path, slow_proof, slow_root, split

SIZE_MAX = 33
LEAVES = [f"leaf {n}".encode() for n in range(131)]
ROOTS = [slow_root(LEAVES[:size]) for size in range(131)]
Path = Sequence[bytes]


# ---- a second opinion: consume the path from its far end, splitting as the RFC does ------------


def proves_leaf(hash_: bytes, index: int, size: int, path: Path, root: bytes) -> bool:
    if not 0 <= index < size or any(len(node) != 32 for node in (root, *path)):
        return False
    left = list(path)

    def fold(m: int, n: int) -> bytes:
        if n == 1:
            return hash_
        last, k = left.pop(), split(n)
        return node_hash(fold(m, k), last) if m < k else node_hash(last, fold(m - k, n - k))

    try:
        return fold(index, size) == root and not left
    except IndexError:
        return False


def proves_growth(old: int, old_root: bytes, new: int, new_root: bytes, path: Path) -> bool:
    if not 0 <= old <= new or any(len(node) != 32 for node in (old_root, new_root, *path)):
        return False
    if old in (0, new):
        empty = (old or old_root == EMPTY_ROOT) and (new or new_root == EMPTY_ROOT)
        return bool(empty) and not path and (old == 0 or old_root == new_root)
    left = list(path)

    def fold(m: int, n: int, *, whole: bool) -> tuple[bytes, bytes]:
        """The roots of the first m and of all n leaves of this subtree."""
        if m == n:
            node = old_root if whole else left.pop()
            return node, node
        last, k = left.pop(), split(n)
        if m <= k:
            old_part, new_part = fold(m, k, whole=whole)
            return old_part, node_hash(new_part, last)
        old_part, new_part = fold(m - k, n - k, whole=False)
        return node_hash(last, old_part), node_hash(last, new_part)

    try:
        return fold(old, new, whole=True) == (old_root, new_root) and not left
    except IndexError:
        return False


# ---- what may be wrong with a path -------------------------------------------------------------


def spoiled(path: list[bytes], *, stranger: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Every malformed neighbour of a path; what happens to be the same path is left out."""
    odd = [b"", b"\0", stranger[:31], stranger + b"\0", stranger * 2]
    for at in range(len(path) + 1):
        for extra in (stranger, EMPTY_ROOT, *path, *odd):
            yield f"{len(extra)} bytes are added at {at}", [*path[:at], extra, *path[at:]]
    for at, node in enumerate(path):
        rest = path[at + 1 :]
        yield f"{at} is gone", [*path[:at], *rest]
        yield f"{at} is doubled", [*path[:at], node, node, *rest]
        yield f"{at} is cut to 31", [*path[:at], node[:31], *rest]
        yield f"{at} has 33 bytes", [*path[:at], node + b"\0", *rest]
        yield f"{at} is empty", [*path[:at], b"", *rest]
        yield f"a bit of {at} is flipped", [*path[:at], bytes([node[0] ^ 1]) + node[1:], *rest]
        yield f"{at} is another", [*path[:at], stranger, *rest]
        yield f"{at} is torn in two", [*path[:at], node[:16], node[16:], *rest]
        for other in range(at + 1, len(path)):
            swapped = list(path)
            swapped[at], swapped[other] = swapped[other], swapped[at]
            yield f"{at} and {other} are swapped", swapped
    for cut in range(len(path)):
        yield f"only {cut} are left", path[:cut]
        yield f"the first {cut + 1} are gone", path[cut + 1 :]
    half = len(path) // 2
    yield "the halves are swapped", path[half:] + path[:half]
    yield "it is upside down", path[::-1]
    yield "it is there twice", path * 2
    if path:
        yield "two are made one", [path[0] + path[-1], *path[2:]]


def wrong(path: list[bytes], *, stranger: bytes) -> Iterator[tuple[str, list[bytes]]]:
    return ((what, bad) for what, bad in spoiled(path, stranger=stranger) if bad != path)


WRONG_ROOTS = [b"", b"\0", bytes(31), bytes(32), bytes(33), EMPTY_ROOT]


def is_included(leaf: bytes, index: int, size: int, path: Path, root: bytes) -> bool:
    """As our callers ask it."""
    try:
        return implied_root(leaf, index=index, size=size, path=path) == root
    except ValueError:
        return False


# ---- inclusion ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, SIZE_MAX))
def test_no_malformed_inclusion_proof_is_accepted(size: int) -> None:
    root = ROOTS[size]
    for index in range(size):
        leaf, path = LEAVES[index], slow_path(index, LEAVES[:size])

        assert is_included(leaf, index, size, path, root)
        assert proves_leaf(leaf_hash(leaf), index, size, path, root)
        for what, bad in wrong(path, stranger=ROOTS[7]):
            assert not is_included(leaf, index, size, bad, root), (index, what)
        for bad_root in (*WRONG_ROOTS, root[:31], root + b"\0", ROOTS[size - 1]):
            assert not is_included(leaf, index, size, path, bad_root), (index, bad_root)
        for bad_leaf in (b"", b"\0", leaf + b"\0", leaf_hash(leaf), root):
            assert not is_included(bad_leaf, index, size, path, root), (index, bad_leaf)


@pytest.mark.parametrize("size", range(1, SIZE_MAX))
def test_no_proof_is_good_for_another_place_or_size(size: int) -> None:
    """A path that is good elsewhere too would be two leaves at one place."""
    others = range(-2, 2 * SIZE_MAX)
    for index in range(size):
        leaf, path = LEAVES[index], slow_path(index, LEAVES[:size])
        for other in others:
            assert is_included(leaf, other, size, path, ROOTS[size]) == (other == index)
            expected = proves_leaf(leaf_hash(leaf), index, other, path, ROOTS[size])
            assert is_included(leaf, index, other, path, ROOTS[size]) == expected


@pytest.mark.parametrize("path", [[], [ROOTS[1]], [EMPTY_ROOT], [b""]])
@pytest.mark.parametrize("root", [EMPTY_ROOT, ROOTS[1], b""])
@pytest.mark.parametrize("index", [-1, 0, 1])
def test_nothing_is_in_the_empty_tree(index: int, root: bytes, path: list[bytes]) -> None:
    for leaf in (b"", LEAVES[0]):
        assert not is_included(leaf, index, 0, path, root)


def test_a_tree_of_one_is_its_leaf_and_has_no_path() -> None:
    assert is_included(LEAVES[0], 0, 1, [], ROOTS[1])
    for path in ([ROOTS[1]], [EMPTY_ROOT], [b""], [bytes(32)]):
        assert not is_included(LEAVES[0], 0, 1, path, ROOTS[1])
    assert not is_included(LEAVES[0], 1, 1, [], ROOTS[1])
    assert not is_included(LEAVES[0], 0, 1, [], EMPTY_ROOT)


def test_an_inner_node_passes_for_no_leaf() -> None:
    """The second preimage that leaves and nodes are told apart for."""
    pair = leaf_hash(LEAVES[0]) + leaf_hash(LEAVES[1])
    assert not is_included(pair, 0, 2, [ROOTS[1]], ROOTS[4])
    assert not is_included(pair, 0, 1, [], ROOTS[2])


@pytest.mark.parametrize("node", [b"", b"\0", bytes(31), bytes(33), bytes(64)])
def test_a_hash_that_is_no_hash_is_refused_even_where_it_leads_to_the_root(node: bytes) -> None:
    """Whoever chooses the root may choose what is hashed into it."""
    mine, theirs = leaf_hash(LEAVES[0]), leaf_hash(LEAVES[1])

    assert not is_included(LEAVES[0], 0, 2, [node], node_hash(mine, node))
    assert not is_included(LEAVES[1], 1, 2, [node], node_hash(node, theirs))
    assert not is_consistent(1, mine, 2, node_hash(mine, node), [node])
    assert not is_consistent(1, node, 2, node_hash(node, theirs), [theirs])


@pytest.mark.parametrize("size", [1, 2, 3, 8, 9])
def test_a_path_too_long_is_refused_even_where_it_leads_to_the_root(size: int) -> None:
    for index in range(size):
        path = [*slow_path(index, LEAVES[:size]), EMPTY_ROOT]
        for root in (node_hash(EMPTY_ROOT, ROOTS[size]), node_hash(ROOTS[size], EMPTY_ROOT)):
            assert not is_included(LEAVES[index], index, size, path, root)


# ---- consistency -------------------------------------------------------------------------------


@pytest.mark.parametrize("new", range(2, SIZE_MAX))
def test_no_malformed_consistency_proof_is_accepted(new: int) -> None:
    for old in range(1, new):
        path = slow_proof(old, LEAVES[:new])
        roots = ROOTS[old], ROOTS[new]

        assert is_consistent(old, roots[0], new, roots[1], path)
        assert proves_growth(old, roots[0], new, roots[1], path)
        for what, bad in wrong(path, stranger=ROOTS[129]):
            assert not is_consistent(old, roots[0], new, roots[1], bad), (old, what)
        for root in (*WRONG_ROOTS, ROOTS[old - 1], roots[0][:31], roots[0] + b"\0"):
            assert not is_consistent(old, root, new, roots[1], path), (old, root)
            assert not is_consistent(old, roots[0], new, root, path), (old, root)
        assert not is_consistent(old, roots[1], new, roots[0], path)
        assert not is_consistent(new, roots[1], old, roots[0], path)


@pytest.mark.parametrize("new", range(1, 20))
def test_no_consistency_proof_is_good_for_other_sizes(new: int) -> None:
    for old in range(1, new + 1):
        path, roots = slow_proof(old, LEAVES[:new]), (ROOTS[old], ROOTS[new])
        for other in range(-1, 40):
            for sizes in ((other, new), (old, other)):
                asked = (sizes[0], roots[0], sizes[1], roots[1], path)
                assert is_consistent(*asked) == proves_growth(*asked), sizes


@pytest.mark.parametrize("size", [0, 1, 2, 3, 8, 32])
def test_two_trees_of_one_size_are_one_tree_and_need_no_proof(size: int) -> None:
    root = ROOTS[size]
    assert is_consistent(size, root, size, root, [])
    for other in WRONG_ROOTS:
        if other != root:
            assert not is_consistent(size, root, size, other, [])
            assert not is_consistent(size, other, size, root, [])
            assert not is_consistent(size, other, size, other, []) or (len(other) == 32 and size)
    for path in ([root], [EMPTY_ROOT], [b""]):
        assert not is_consistent(size, root, size, root, path)


@pytest.mark.parametrize("new", [0, 1, 2, 7, 8])
def test_the_empty_tree_has_one_root_and_takes_no_proof(new: int) -> None:
    assert is_consistent(0, EMPTY_ROOT, new, ROOTS[new], [])
    for root in (b"", bytes(32), ROOTS[1], bytes(31)):
        assert not is_consistent(0, root, new, ROOTS[new], [])
    for path in ([EMPTY_ROOT], [ROOTS[new]], [b""]):
        assert not is_consistent(0, EMPTY_ROOT, new, ROOTS[new], path)
    assert not is_consistent(0, EMPTY_ROOT, new, b"", [])
    assert not is_consistent(0, EMPTY_ROOT, 0, ROOTS[1], [])


@given(st.data())
def test_our_verdict_on_any_mixture_is_the_definition_s(data: st.DataObject) -> None:
    """Pieces of genuine proofs, put together at random: what a forger has to work with."""
    new = data.draw(st.integers(1, 130))
    old = data.draw(st.integers(0, new))
    index = data.draw(st.integers(0, new - 1))
    pieces = [*slow_path(index, LEAVES[:new]), *slow_proof(max(old, 1), LEAVES[:new])]
    pieces += [ROOTS[old], ROOTS[new], EMPTY_ROOT, leaf_hash(LEAVES[index]), b"", bytes(31)]
    genuine = st.sampled_from(
        [slow_path(index, LEAVES[:new]), slow_proof(max(old, 1), LEAVES[:new])]
    )
    path = data.draw(st.one_of(genuine, st.lists(st.sampled_from(pieces), max_size=9)))
    at = data.draw(st.integers(-1, 131))
    sizes = data.draw(st.tuples(st.integers(-1, 131), st.integers(-1, 131)))
    roots = data.draw(st.tuples(st.sampled_from(pieces), st.sampled_from(pieces)))

    for place, size in ((index, new), (at, sizes[1])):
        expected = proves_leaf(leaf_hash(LEAVES[index]), place, size, path, ROOTS[new])
        assert is_included(LEAVES[index], place, size, path, ROOTS[new]) == expected
    for asked in (
        (old, ROOTS[old], new, ROOTS[new], path),
        (sizes[0], roots[0], sizes[1], roots[1], path),
        (old, roots[0], new, roots[1], path),
    ):
        assert is_consistent(*asked) == proves_growth(*asked)
