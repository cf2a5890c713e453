"""Merkle arithmetic (RFC 6962 and 9162, section 2.1).  Bytes in, bytes out; nothing else.

A *node* of height h stands for 2**h leaves; node i of that height covers the leaves from
i * 2**h on.  A *range* (start, end) names the subtree over those leaves.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Range = tuple[int, int]


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Frontier(NamedTuple):
    """All that a tree must remember to grow: the roots of its complete subtrees, tallest first.

    There is one for every 1 in the binary size.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        return fold(self.peaks)

    def grow(self, hashes: Sequence[bytes]) -> tuple["Frontier", list[Sequence[bytes]]]:
        """Append leaf hashes; the grown frontier, and every node this completes.

        ``rows[h]`` holds the new nodes of height h, left to right; the first of them is node
        number ``size >> h``.
        """
        waiting, odd = list(self.peaks), []
        rows: list[Sequence[bytes]] = []
        row = hashes
        while row:
            has_peak = self.size >> len(rows) & 1
            rows.append(row)
            if has_peak:
                row = [waiting.pop(), *row]
            if len(row) % 2:
                odd.append(row[-1])
            row = _pair(row)
        return Frontier(self.size + len(hashes), (*waiting, *reversed(odd))), rows


def _pair(row: Sequence[bytes]) -> list[bytes]:
    """The parents of a row; a last node without a partner has none yet."""
    joined = b"".join(row)
    return [
        sha256(b"\x01" + joined[at : at + 64]).digest() for at in range(0, len(joined) - 63, 64)
    ]


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees of falling height."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def tree_root(leaves: Iterable[bytes]) -> bytes:
    return Frontier().grow([leaf_hash(leaf) for leaf in leaves])[0].root()


def _split(size: int) -> int:
    """The largest power of two below ``size``: where the RFC cuts a tree in two."""
    return 1 << (size - 1).bit_length() - 1


def cover(start: int, end: int) -> list[tuple[int, int]]:
    """The complete subtrees that make up a range, tallest first, each as (height, index)."""
    nodes = []
    for height in reversed(range((end - start).bit_length())):
        if (end - start) >> height & 1:
            nodes.append((height, start >> height))
            start += 1 << height
    return nodes


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Whose roots, in this order, prove that leaf ``index`` is in a tree of ``size``."""
    assert 0 <= index < size
    start, end = 0, size
    ranges = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """Whose roots, in this order, prove that a tree of ``old`` leaves began one of ``new``."""
    assert 0 <= old <= new
    if old == 0:
        return []
    start, end = 0, new
    ranges = []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # otherwise it is the old root itself, which the verifier has
        ranges.append((start, end))
    return ranges[::-1]


def implied_root(leaf: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root of the only tree in which ``path`` proves ``leaf`` at ``index``.

    It proves nothing until the caller compares it with a root they trust.

    Raises:
        ValueError: if no tree of this size has such a path here.
    """
    return implied_root_of(leaf_hash(leaf), index=index, size=size, path=path)


def implied_root_of(hash_: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The same, of a leaf by its hash."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    # Walk up from the leaf; `last` is the right edge of the tree on our level.
    root, place, last = hash_, index, size - 1
    for sibling in path:
        if last == 0:
            raise ValueError("the path is too long")
        if len(sibling) != HASH_BYTES:
            raise ValueError(f"a hash has {HASH_BYTES} bytes, got {len(sibling)}")
        if place % 2 == 1 or place == last:
            root = sha256(b"\x01" + sibling + root).digest()
            while place % 2 == 0 and place != 0:  # levels where we had no sibling
                place, last = place // 2, last // 2
        else:
            root = sha256(b"\x01" + root + sibling).digest()
        place, last = place // 2, last // 2
    if last != 0:
        raise ValueError("the path is too short")
    return root


def is_consistent(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether ``path`` proves that the old tree is the beginning of the new one.

    The empty tree has one root, began every tree, and needs no proof.
    """
    if not 0 <= old_size <= new_size:
        return False
    if any(len(node) != HASH_BYTES for node in (old_root, new_root, *path)):
        return False
    if new_size == 0 and new_root != EMPTY_ROOT:
        return False
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    if old_size == new_size:
        return not path and old_root == new_root
    try:
        return _implied_roots(old_size, old_root, new_size, path) == (old_root, new_root)
    except ValueError:
        return False


def _implied_roots(
    old: int, old_root: bytes, new: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Both roots that a consistency path leads to (RFC 9162, 2.1.4.2)."""
    whole = old & (old - 1) == 0  # the old tree is one complete subtree of the new one
    nodes = iter([old_root, *path] if whole else path)
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place // 2, last // 2
    first = next(nodes, None)
    if first is None:
        raise ValueError("the path is too short")
    ours = theirs = first
    for node in nodes:
        if last == 0:
            raise ValueError("the path is too long")
        if place % 2 == 1 or place == last:
            ours, theirs = node_hash(node, ours), node_hash(node, theirs)
            while place % 2 == 0 and place != 0:
                place, last = place // 2, last // 2
        else:
            theirs = node_hash(theirs, node)
        place, last = place // 2, last // 2
    if last != 0:
        raise ValueError("the path is too short")
    return ours, theirs
