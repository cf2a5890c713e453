"""How old a copy is, and when that is not well."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from kaipiao.app.backup_status import judge
from kaipiao.app.backups import CopyAge
from kaipiao.gateway.wiring import BackedUp
from kaipiao.ledger.backups import Standing

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
WELL = BackedUp(folder="/b", newest_at=NOON, stream_lag_bytes=0, told_at=NOON, whole_at=NOON)


def second(n: int) -> datetime:
    return NOON + timedelta(seconds=n)


def test_a_copy_is_as_old_as_the_last_moment_all_of_whose_bytes_it_has() -> None:
    """Under steady load it never holds everything, and is still only seconds old."""
    age = CopyAge()
    for n in range(10):
        age.look(Standing(written=100 * n, received=100 * (n - 2)), second(n))

    assert age.whole_at == second(7)


def test_a_copy_that_stands_still_grows_old() -> None:
    age = CopyAge()
    for n in range(10):
        age.look(Standing(written=100 * n, received=100), second(n))

    assert age.whole_at == second(1)


@pytest.mark.parametrize(
    "change",
    [
        {"trouble": "the disk is full"},
        {"newest_at": None},
        {"newest_at": NOON - timedelta(hours=49)},
        {"whole_at": None},
        {"whole_at": NOON - timedelta(seconds=61)},
        {"told_at": NOON - timedelta(seconds=31)},
    ],
)
def test_whatever_is_late_or_missing_is_not_well(change: dict[str, object]) -> None:
    told = msgspec.structs.replace(WELL, **change)

    assert judge("second", Path("/b"), WELL, NOON, every_h=24).is_well
    assert not judge("second", Path("/b"), told, NOON, every_h=24).is_well
    assert not judge("second", Path("/b"), None, NOON, every_h=24).is_well
