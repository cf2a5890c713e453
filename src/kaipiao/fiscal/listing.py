"""What a list of invoices is asked for: whose, from which days, and as what."""

from datetime import date
from typing import Literal

import msgspec

ExportFormat = Literal["xlsx", "csv", "ndjson"]


class ExportAsk(msgspec.Struct, frozen=True, kw_only=True):
    """Days are Beijing's, both included; None: no limit on that side."""

    seller: str
    since: date | None = None
    until: date | None = None
    form: ExportFormat = "xlsx"
