"""How servers find what was archived: the log's order says which batch, one row which file.

Asked only for what is not in the database.  A partition is detached after its row here was
committed, so whoever looks in ``batch`` first and here second finds an invoice in one of them.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kaipiao.errors import Outage
from kaipiao.ledger.archive.file import ArchiveDamaged, Reader, leaves_of
from kaipiao.ledger.batch import Unpacked
from kaipiao.ledger.pool import Pool

_BATCHES_OF_SERIALS = """
SELECT DISTINCT l.series, l.first_serial, l.first_index, f.name
  FROM unnest($1::integer[], $2::bigint[]) AS u (series, serial)
 CROSS JOIN LATERAL (
           SELECT * FROM log_batch AS l
            WHERE l.series = u.series AND l.first_serial <= u.serial
            ORDER BY l.first_serial DESC LIMIT 1
       ) AS l
  JOIN archive_file AS f ON f.series = l.series
                        AND l.first_serial BETWEEN f.first_serial AND f.last_serial
 WHERE u.serial < l.first_serial + l.count
 ORDER BY f.name, l.first_serial
"""

_log = logging.getLogger("kaipiao.ledger")

Serial = tuple[int, int]
"""Series and serial."""


class Shelf:
    """``folder`` is the cell's; None for a program that has none and must not need one."""

    def __init__(self, pool: Pool, folder: Path | None) -> None:
        self._pool = pool
        self._folder = folder

    async def batch(self, series: int, serial: int) -> Unpacked | None:
        """The archived batch that holds this serial; None if none does.  Raises Outage."""
        found = await self.batches([(series, serial)])
        return found[0] if found else None

    async def batches(self, serials: Sequence[Serial]) -> list[Unpacked]:
        """The archived batches that hold any of these, each once.

        Raises:
            Outage: the database does not answer, or a file is away or damaged.
        """
        if not serials:
            return []
        rows = await self._pool.fetch(
            _BATCHES_OF_SERIALS, [one[0] for one in serials], [one[1] for one in serials]
        )
        if not rows:
            return []
        try:
            return await asyncio.to_thread(self._read_all, rows)
        except (ArchiveDamaged, OSError) as error:
            _log.error("the archive cannot be read: %s", error)
            raise Outage("archive") from error

    async def leaves(self, series: int, first_serial: int) -> bytes:
        """The leaves of an archived batch, end to end."""
        batch = await self.batch(series, first_serial)
        assert batch is not None, "a batch in the log is in the database or in the archive"
        return b"".join(leaves_of(batch))

    def _read_all(self, rows: Sequence[Any]) -> list[Unpacked]:
        if self._folder is None:
            raise FileNotFoundError("this program was given no archive folder")
        batches: list[Unpacked] = []
        at = 0
        while at < len(rows):
            name = rows[at]["name"]
            with Reader(self._folder / name) as reader:
                while at < len(rows) and rows[at]["name"] == name:
                    row = rows[at]
                    batches.append(reader.find(row["first_serial"]).unpack(row["first_index"]))
                    at += 1
        return batches
