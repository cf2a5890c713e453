"""Numbers that a lost part of the ledger may have given out are never given out again."""

from kaipiao.ledger.pool import Pool

SKIPPED = 10**9
"""Serials left out in every series: more than any cell issues between a backup and its loss, and
a millionth of what a series has."""

_SKIP = """
WITH wanted AS (
    SELECT series FROM number_range
    UNION SELECT $2::integer * 1000 + series % 1000 FROM number_range
)
INSERT INTO number_range AS r (series, next_serial) SELECT series, 1 + $1::bigint FROM wanted
    ON CONFLICT (series) DO UPDATE SET next_serial = r.next_serial + $1::bigint
"""
_CLOSE = """
UPDATE number_block SET next_serial = last_serial + 1, epoch = epoch + 1
 WHERE next_serial <= last_serial
"""


async def skip_numbers(pool: Pool, *, year: int) -> None:
    """Close every block and begin far behind it; as the owner of the tables, while nobody issues.

    ``year`` is the present one: its series may have begun in the part that is lost.

    Raises:
        Outage: nothing was changed.
    """
    async with pool.transaction() as connection:
        await connection.execute(_CLOSE)
        await connection.execute(_SKIP, SKIPPED, year % 100)
