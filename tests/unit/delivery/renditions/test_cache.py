"""What was made before is found again, whole or not at all, and never takes more than its room."""

import os
from pathlib import Path

import pytest

from kaipiao.delivery.renditions.cache import Key, RenditionCache

MIB = 2**20


def key(n: int = 1, *, kind: str = "xml", edition: str = "e1", proven: bool = True) -> Key:
    return Key(f"263110000000000{n:05}", kind, edition, proven)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def held(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in files(folder))


def test_what_was_kept_is_found_by_its_whole_key(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path / "r", limit_bytes=MIB)
    cache.keep(key(), b"one")

    assert cache.find(key()) == b"one"
    assert RenditionCache(tmp_path / "r", limit_bytes=MIB).find(key()) == b"one"
    for other in (key(2), key(kind="pdf"), key(edition="e2"), key(proven=False)):
        assert cache.find(other) is None


@pytest.mark.parametrize("damage", [b"", b"x" * 31, b"x" * 35, None])
def test_a_damaged_file_is_not_found_and_goes(tmp_path: Path, damage: bytes | None) -> None:
    cache = RenditionCache(tmp_path, limit_bytes=MIB)
    cache.keep(key(), b"content")
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"!" if damage is None else damage)

    assert cache.find(key()) is None
    assert files(tmp_path) == []
    cache.keep(key(), b"content")
    assert cache.find(key()) == b"content"


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path / "r", limit_bytes=MIB)
    cache.keep(key(), b"one")
    (file,) = files(tmp_path)

    assert file.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in file.parents[:2]} == {0o700}


def test_the_folder_never_takes_more_than_its_limit(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path, limit_bytes=MIB // 4)
    for n in range(100):
        cache.keep(key(n), os.urandom(8_000))
        assert held(tmp_path) <= MIB // 4 * 17 // 16 + 12_288

    assert cache.find(key(99)) is not None
    assert cache.find(key(0)) is None


def test_while_there_is_room_nothing_goes(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path, limit_bytes=100_000)
    for n in range(12):  # eight kilobytes each on the disk: all but the last byte
        cache.keep(key(n), b"x" * 5_000)
    cache.sweep()

    assert held(tmp_path) > 90_000
    assert len(files(tmp_path)) == 12


def test_what_nobody_asks_for_goes_first(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path, limit_bytes=100_000)
    for n in range(20):
        cache.keep(key(n), b"x" * 4_000)
        (path,) = tmp_path.glob(f"*/{key(n).number}.*")
        os.utime(path, (n, n))
    cache.find(key(0))  # the oldest, and asked for just now
    for n in range(20, 30):
        cache.keep(key(n), b"x" * 4_000)
    cache.sweep()

    assert cache.find(key(0)) is not None
    assert cache.find(key(1)) is None


def test_no_room_keeps_nothing(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path, limit_bytes=0)
    cache.keep(key(), b"one")

    assert cache.find(key()) is None
    assert files(tmp_path) == []


def test_one_that_would_sweep_all_others_out_is_not_kept(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path, limit_bytes=160_000)
    cache.keep(key(), b"x" * 10_001)

    assert cache.find(key()) is None


def test_a_disk_that_takes_nothing_costs_nothing_but_time(tmp_path: Path) -> None:
    in_the_way = tmp_path / "r"
    in_the_way.write_bytes(b"")
    cache = RenditionCache(in_the_way, limit_bytes=MIB)
    cache.keep(key(), b"one")
    cache.sweep()

    assert cache.find(key()) is None
