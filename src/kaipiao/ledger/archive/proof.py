"""What is checked before a partition may go: the file, read back, against the published log."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from kaipiao.ledger.archive.file import (
    ArchiveDamaged,
    Reader,
    Sealed,
    file_digest,
    leaves_of,
)

PLACES_AT_ONCE = 1_000


class PublishedLeaves(Protocol):
    """The log as anyone can see it, up to one signed checkpoint."""

    @property
    def origin(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def root(self) -> bytes: ...

    @property
    def note(self) -> str:
        """The signed checkpoint itself."""
        ...

    def leaves(self, start: int, end: int) -> list[bytes]:
        """Leaves from ``start`` to before ``end``, each shown to lie under ``root``.

        Raises an exception of its own if some are not there, or do not lead to it.
        """
        ...


class LogDiffers(Exception):
    """An invoice's leaf is not the one in the log.  Nothing was archived; someone must look."""


async def prove(
    connection: "asyncpg.Connection[Any]",
    path: Path,
    sealed: Sealed,
    log: PublishedLeaves,
    series: int,
) -> tuple[int, int]:
    """Batches and invoices of the file, every one of which is the one in the log.

    Raises:
        ArchiveDamaged: what was read back is not what was written.
        LogDiffers: the log does not vouch for it.
    """
    if file_digest(path) != sealed.sha256:
        raise ArchiveDamaged(f"{path}: it was read back with another digest")
    batches = invoices = 0
    with Reader(path) as reader:
        places: dict[int, tuple[int, int]] = {}
        for frame in reader.frames():
            if frame.first_serial not in places:
                places = await _places(connection, series, frame.first_serial)
            first_index, count = places[frame.first_serial]
            leaves = leaves_of(frame.unpack(first_index))
            _compare(leaves, log.leaves(first_index, first_index + count), first_index)
            batches, invoices = batches + 1, invoices + len(leaves)
    return batches, invoices


async def _places(
    connection: "asyncpg.Connection[Any]", series: int, first_serial: int
) -> dict[int, tuple[int, int]]:
    """By first serial, of the next batches from there on: index of the first leaf, and count."""
    rows = await connection.fetch(
        "SELECT first_serial, first_index, count FROM log_batch"
        " WHERE series = $1 AND first_serial >= $2 ORDER BY first_serial LIMIT $3",
        series,
        first_serial,
        PLACES_AT_ONCE,
    )
    return {row["first_serial"]: (row["first_index"], row["count"]) for row in rows}


def _compare(ours: Sequence[bytes], published: Sequence[bytes], first_index: int) -> None:
    if list(ours) == list(published):
        return
    differs = (n for n, pair in enumerate(zip(ours, published, strict=False)) if pair[0] != pair[1])
    at = first_index + next(differs, min(len(ours), len(published)))
    raise LogDiffers(f"leaf {at} of the log is not that of the invoice in the ledger")
