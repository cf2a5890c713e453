"""What the shadow has and the cell has not is told once, and not too early."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.continuity.shadow.strangers import GRACE, PAGE, Strangers
from kaipiao.continuity.shadow.there import Listed

BEGAN = datetime(2026, 11, 25, 15, tzinfo=UTC)
LATER = BEGAN + GRACE + timedelta(seconds=1)


class Cell:
    def __init__(self, keys: set[str]) -> None:
        self.keys = keys

    async def has_key(self, _seller: str, key: str) -> bool:
        return key in self.keys


class Shadow:
    """Lists one seller's invoices as a cell does."""

    def __init__(self, keys: list[str]) -> None:
        self.sellers, self.keys = {"seller"}, keys

    async def page(self, _seller: str, *, after: int, limit: int) -> Listed:
        some = self.keys[after : after + limit]
        told: list[dict[str, Any]] = [
            {"key": key, "issued_at": BEGAN.isoformat(), "log_index": after + place}
            for place, key in enumerate(some)
        ]
        return Listed(tuple(told), next=after + len(some), has_more=len(some) == limit)


def found(strangers: Strangers, shadow: Shadow, now: datetime) -> list[str]:
    return [one.key for one in asyncio.run(strangers.find(shadow, now))]  # type: ignore[arg-type]


@settings(max_examples=30)
@given(st.integers(0, PAGE + 5), st.sets(st.integers(0, PAGE + 5)))
def test_exactly_those_that_the_cell_has_not_are_told_and_only_once(
    many: int, unknown: set[int]
) -> None:
    keys = [f"sale-{n}" for n in range(many)]
    cell = Cell({key for n, key in enumerate(keys) if n not in unknown})
    strangers, shadow = Strangers(cell), Shadow(keys)

    assert found(strangers, shadow, LATER) == [keys[n] for n in sorted(unknown) if n < many]
    assert found(strangers, shadow, LATER) == []


def test_a_copy_that_the_shadow_answered_first_is_no_stranger() -> None:
    cell, shadow = Cell(set()), Shadow(["early"])
    strangers = Strangers(cell)

    assert found(strangers, shadow, BEGAN) == []
    cell.keys.add("early")  # the cell answers, too
    assert found(strangers, shadow, LATER) == []


def test_what_a_former_process_told_is_not_told_again() -> None:
    shadow = Shadow(["lax"])
    told = asyncio.run(Strangers(Cell(set())).find(shadow, LATER))  # type: ignore[arg-type]

    assert found(Strangers(Cell(set()), told), shadow, LATER) == []
