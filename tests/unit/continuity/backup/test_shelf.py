"""What a shelf of backups says, and what may be cleared away from it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from kaipiao.continuity.backup.choose import choose
from kaipiao.continuity.backup.prune import prune, to_prune
from kaipiao.continuity.backup.shelf import NOTE_NAME, Backup, Series, Shelf
from kaipiao.continuity.backup.wal import check_stream, segment_number
from kaipiao.continuity.backup.wrong import BackupWrong

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def put(series: Series, day: int, *, parent: str = "", segment: int = 1) -> Backup:
    """A backup of ``day`` days ago, as it lies there."""
    at = NOON - timedelta(days=day)
    backup = Backup(
        name=f"{at:%Y%m%d}",
        series=series.name,
        parent=parent,
        began_at=at - timedelta(minutes=1),
        ended_at=at,
        bytes=1,
        segment=f"00000001{segment // 256:08X}{segment % 256:08X}",
        version="18.6",
        area=31,
        log_origin="a.example/log",
    )
    series.base(backup.name).mkdir(parents=True)
    series.cell(backup.name).mkdir(parents=True)
    (series.cell(backup.name) / NOTE_NAME).write_bytes(msgspec.json.encode(backup))
    series.wal.mkdir(exist_ok=True)
    (series.wal / backup.segment).touch()
    return backup


def test_what_a_young_backup_builds_upon_is_kept_and_what_nobody_needs_goes(
    tmp_path: Path,
) -> None:
    series = Series(tmp_path / "a")
    old = put(series, 30, segment=1)
    older_full = put(series, 20, segment=300)
    young = put(series, 5, parent=older_full.name, segment=600)

    assert prune(series, NOON, keep_days=14) == [old]

    assert series.backups() == [older_full, young]
    assert sorted(path.name for path in series.wal.iterdir()) == [older_full.segment, young.segment]
    assert not series.base(old.name).exists()


def test_the_newest_backup_is_kept_however_old_it_is(tmp_path: Path) -> None:
    series = Series(tmp_path / "a")
    put(series, 400)

    assert to_prune(series, NOON, keep_days=0) == []


def test_a_restore_begins_with_the_newest_backup_that_ended_in_time(tmp_path: Path) -> None:
    put(Series(tmp_path / "a"), 3)
    wanted = put(Series(tmp_path / "b"), 2)
    put(Series(tmp_path / "b"), 1)

    series, chosen = choose(Shelf(tmp_path), NOON - timedelta(days=2))

    assert (series.name, chosen) == ("b", wanted)
    with pytest.raises(BackupWrong, match="2026-11-22T12:00:00"):
        choose(Shelf(tmp_path), NOON - timedelta(days=4))


def test_a_hole_in_the_stream_is_named(tmp_path: Path) -> None:
    series = Series(tmp_path / "a")
    backup = put(series, 1, segment=255)
    (series.wal / "000000010000000100000000").touch()
    (series.wal / "000000020000000100000002.partial").touch()

    with pytest.raises(BackupWrong, match=r"1 files .* 000000010000000100000001 first"):
        check_stream(series, backup)

    (series.wal / "000000020000000100000001").touch()
    check_stream(series, backup)


def test_files_of_the_log_are_numbered_through() -> None:
    assert segment_number("0000000100000000000000FF") + 1 == segment_number(
        "000000010000000100000000"
    )


def test_a_restored_cell_begins_a_series_of_its_own(tmp_path: Path) -> None:
    shelf, memory = Shelf(tmp_path / "shelf"), tmp_path / "memory"
    first = shelf.series_of(memory, NOON)
    put(first, 0)

    assert shelf.series_of(memory, NOON + timedelta(days=1)).name == first.name
    assert shelf.series_of(tmp_path / "other", NOON + timedelta(days=1)).name != first.name
