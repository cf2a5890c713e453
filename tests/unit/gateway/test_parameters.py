"""The forms of parameters: exactly the days and months that there are."""

import re
from datetime import date, timedelta

from kaipiao.gateway.parameters import DAY_FORM, MONTH_FORM


def test_every_day_of_the_century_and_no_other() -> None:
    is_day = re.compile(DAY_FORM).fullmatch
    day = date(2000, 1, 1)
    while day.year < 2100:
        assert is_day(day.isoformat()), day
        day += timedelta(days=1)

    days = sum(
        1
        for year in range(2000, 2100)
        for month in range(14)
        for number in range(33)
        if is_day(f"{year}-{month:02}-{number:02}")
    )
    assert days == (day - date(2000, 1, 1)).days


def test_every_month_and_no_other() -> None:
    months = [n for n in range(100) if re.fullmatch(MONTH_FORM, f"2026-{n:02}")]

    assert months == list(range(1, 13))
