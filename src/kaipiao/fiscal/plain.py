"""Plain drafts: so much in order that nobody need look at them one member at a time.

The shape only; ``regimes.cn.passage`` says which drafts are plain, and reads them.
"""

from typing import Protocol

Plain = tuple[str, bytes, tuple[int, ...], int, int]
"""Seller, canonical bytes, net and tax of each line one after another, net and tax in all; fen.
A bare tuple, because one is made for every invoice."""


class Passage(Protocol):
    """Reads drafts by the law of one day, in one go from bytes to fen."""

    def read(self, body: bytes) -> Plain | None:
        """None: this draft is not plain, or not certainly so; nothing is said against it."""
        ...

    def read_keyed(self, line: bytes) -> tuple[str, Plain] | None:
        """The same for ``{"key": …, "draft": …}``; the key is one that ``parse_key`` takes."""
        ...
