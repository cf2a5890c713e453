"""Erasure (删除): the content of an invoice is destroyed; that there was one is not.

What stays: the number, the key's mark (so neither names anything else, ever), the sums that were
drawn and taken back, and the leaf in the log, which without its salt tells nobody anything.
"""

from datetime import datetime
from typing import Literal

import msgspec

Ground = Literal["retention-over", "order", "unlawful"]
"""Why the law lets it be erased; which of them may come before the retention is over is law."""

WHY_CHARS_MAX = 200


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One that was decided.  ``why`` is shown to everyone: it names no person."""

    number: str
    erased_at: datetime
    why: str
    ground: Ground
    done_at: datetime | None = None  # nobody can still have the content in hand
