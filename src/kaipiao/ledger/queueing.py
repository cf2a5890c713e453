"""Into the queue: one row a delivery, and one row only, however often it is asked for."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from kaipiao.fiscal.delivery import NewDelivery

GIVE_UP_AFTER = timedelta(days=5)
"""Whatever the tries: what did not arrive by then is dead, and waits for a person."""

ROWS_AT_ONCE = 1_000
_NAMES = NewDelivery.__struct_fields__[:-1]
_INSERT = f"""
INSERT INTO delivery ({", ".join(_NAMES)}, due_at, give_up_at)
SELECT {", ".join(f"u.{name}" for name in _NAMES)}, now() + u.after, now() + $12::interval
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::text[], $9::timestamptz[], $10::bytea[], $11::interval[])
    AS u ({", ".join(_NAMES)}, after)
    ON CONFLICT (delivery_id) DO NOTHING
"""


async def insert(connection: Any, new: Sequence[NewDelivery]) -> int:
    """Inside the caller's transaction; how many were new."""
    added = 0
    rest = iter(new)
    while some := list(islice(rest, ROWS_AT_ONCE)):
        columns = [[getattr(one, name) for one in some] for name in _NAMES]
        after = [timedelta(seconds=one.after_s) for one in some]
        tag: str = await connection.execute(_INSERT, *columns, after, GIVE_UP_AFTER)
        added += int(tag.rpartition(" ")[2])
    return added
