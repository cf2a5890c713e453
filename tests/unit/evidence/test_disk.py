"""A file is there whole or not at all, and one folder has one writer."""

from pathlib import Path
from random import Random

import pytest

from kaipiao.evidence.disk import FolderBusy, LocalDisk, write_durably
from kaipiao.twin.disk import FragileDisk, PowerCut

FILES = {"tile/0/000.p/7": b"one" * 50, "tile/entries/000": b"two" * 50, "checkpoint": b"3" * 50}


def test_what_was_written_is_there_with_nothing_beside_it(tmp_path: Path) -> None:
    disk = LocalDisk(tmp_path)
    write_durably(disk, FILES)

    found = {
        str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*.*") if p.is_file()
    }
    assert {name: disk.read(name) for name in FILES} == FILES
    assert not [name for name in found if name.endswith(".new")]


def test_dropping_a_folder_that_is_not_there_is_no_matter(tmp_path: Path) -> None:
    disk = LocalDisk(tmp_path)
    write_durably(disk, FILES)
    disk.drop_folder("tile/0/000.p")
    disk.drop_folder("tile/0/000.p")

    with pytest.raises(FileNotFoundError):
        disk.read("tile/0/000.p/7")


def test_a_second_writer_is_turned_away_until_the_first_is_done(tmp_path: Path) -> None:
    first, second = LocalDisk(tmp_path), LocalDisk(tmp_path)
    first.lock()
    with pytest.raises(FolderBusy):
        second.lock()
    first.unlock()

    second.lock()
    second.unlock()


def test_the_disk_that_forgets_keeps_what_was_written_durably() -> None:
    """Our crash tests are worth what this disk is worth, so it is tested both ways."""
    for seed in range(50):
        disk = FragileDisk(Random(seed))
        write_durably(disk, FILES)
        found = disk.after_power_cut()
        assert {name: found.read(name) for name in FILES} == FILES


def test_the_disk_that_forgets_does_forget_what_was_not_forced() -> None:
    survived = set()
    for seed in range(50):
        disk = FragileDisk(Random(seed))
        disk.write("tile/file", b"content")
        found = disk.after_power_cut()
        survived.add(found.read("tile/file") if found.names() else None)

    assert survived == {None, b"", b"co", b"content"}


def test_whenever_the_power_fails_a_file_is_old_or_new() -> None:
    disk = FragileDisk()
    write_durably(disk, FILES)
    new = {name: content.upper() * 2 for name, content in FILES.items()}
    for fuse in range(1, 40):
        for seed in range(10):
            disk = FragileDisk(Random(seed))
            write_durably(disk, FILES)
            disk.fuse = disk.acts + fuse
            try:
                write_durably(disk, new)
            except PowerCut:
                found = disk.after_power_cut()
                assert all(found.read(name) in (FILES[name], new[name]) for name in FILES)
