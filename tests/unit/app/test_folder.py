"""One folder, one supervisor, and files that are whole or not there."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from kaipiao.app.folder import (
    AlreadyRunning,
    CellFolder,
    OnlySupervisor,
    Running,
    read_running,
    write_whole,
)


@pytest.fixture
def folder(tmp_path: Path) -> CellFolder:
    made = CellFolder(str(tmp_path / "cell"))
    made.make()
    return made


def test_only_one_holds_the_folder_and_the_other_learns_who(folder: CellFolder) -> None:
    with OnlySupervisor(folder), pytest.raises(AlreadyRunning) as taken, OnlySupervisor(folder):
        pass

    assert taken.value.holder == str(os.getpid())


def test_after_it_the_folder_is_free_again(folder: CellFolder) -> None:
    with OnlySupervisor(folder):
        pass
    with OnlySupervisor(folder):
        pass


def test_what_is_secret_is_closed_to_others(folder: CellFolder) -> None:
    for private in (folder.secrets, folder.logs, folder.run):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "told"
    write_whole(path, b"first")
    write_whole(path, b"second")

    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["told"]


def test_a_cell_whose_process_is_gone_is_not_running(folder: CellFolder) -> None:
    running = Running(url="http://x", key_file="k", pid=2**22 + 1, data=str(folder.path))
    write_whole(folder.running, msgspec.json.encode(running))

    assert read_running(folder) is None


def test_a_cell_that_runs_is_found(folder: CellFolder) -> None:
    running = Running(url="http://x", key_file="k", pid=os.getpid(), data=str(folder.path))
    write_whole(folder.running, msgspec.json.encode(running))

    assert read_running(folder) == running
