"""Tax months (属期) and days follow Beijing, whatever the server's clock is set to."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import NewType

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has kept UTC+8 without daylight saving since 1992."""

TaxMonth = NewType("TaxMonth", int)
"""``202611`` is November 2026."""


def beijing_day(instant: datetime) -> date:
    return instant.astimezone(BEIJING).date()


def tax_month(instant: datetime) -> TaxMonth:
    day = beijing_day(instant)
    return TaxMonth(day.year * 100 + day.month)


def parse_month(text: str) -> TaxMonth:
    """Read ``2026-11``.

    Raises:
        ValueError: if the text is not a year and a month.
    """
    day = date.fromisoformat(f"{text}-01")
    return TaxMonth(day.year * 100 + day.month)


def format_month(month: TaxMonth) -> str:
    return f"{month // 100:04}-{month % 100:02}"


def next_month(month: TaxMonth) -> TaxMonth:
    return TaxMonth(month + 89 if month % 100 == 12 else month + 1)


def month_bounds(month: TaxMonth) -> tuple[datetime, datetime]:
    """The month's first instant and the next month's first instant, in UTC."""
    following = next_month(month)
    first = datetime(month // 100, month % 100, 1, tzinfo=BEIJING)
    after = datetime(following // 100, following % 100, 1, tzinfo=BEIJING)
    return first.astimezone(UTC), after.astimezone(UTC)
