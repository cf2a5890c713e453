"""A lost log comes back whole and proved, or not at all."""

from pathlib import Path

import pytest

from kaipiao.evidence.mirror.restore import CopyFallsShort, Restored, restore
from kaipiao.evidence.mirror.shelf import NotSigned
from kaipiao.evidence.reader import TilesDamaged
from tests.unit.evidence.fakes import StoppedClock, make_leaves
from tests.unit.evidence.published_log import KEY, PublishedFiles

LEAVES = make_leaves(1000)
FORK = [*LEAVES[:400], *make_leaves(1000, history="another")[400:]]
COPY = PublishedFiles(1000, leaves=LEAVES)


def bring_back(folder: Path, source: PublishedFiles, **more: bytes) -> Restored:
    return restore(source.read, folder, [KEY], clock=StoppedClock(), **more)


def checkpoint(size: int, leaves: list[bytes] = LEAVES) -> bytes:
    return PublishedFiles(size, leaves=leaves).files["checkpoint"]


def test_a_lost_folder_comes_back_equal_to_the_last_witnessed_root(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"

    done = bring_back(folder, COPY, witnessed=checkpoint(900))
    assert (done.checkpoint.size, done.witnessed, done.lost) == (1000, 900, None)
    assert all((folder / name).read_bytes() == file for name, file in COPY.files.items())


def test_what_is_left_of_the_lost_log_is_kept_beside_it(tmp_path: Path) -> None:
    folder = COPY.write_to(tmp_path / "evidence")
    (folder / "tile/entries/001").unlink()

    done = bring_back(folder, COPY)
    assert done.lost == tmp_path / "evidence.lost-1"
    assert (done.lost / "checkpoint").exists()
    assert (folder / "tile/entries/001").exists()
    assert bring_back(folder, COPY).lost == tmp_path / "evidence.lost-2"


@pytest.mark.parametrize(
    "witnessed", [checkpoint(900, FORK), checkpoint(1000, FORK), checkpoint(401, FORK)]
)
def test_a_copy_of_another_history_than_was_witnessed_is_not_put_in_place(
    tmp_path: Path, witnessed: bytes
) -> None:
    with pytest.raises(CopyFallsShort):
        bring_back(tmp_path / "evidence", COPY, witnessed=witnessed)
    assert not (tmp_path / "evidence").exists()


def test_a_copy_that_lacks_what_was_witnessed_is_not_put_in_place(tmp_path: Path) -> None:
    with pytest.raises(CopyFallsShort, match="1000 entries were witnessed, the copy has 900"):
        bring_back(tmp_path / "evidence", PublishedFiles(900, leaves=LEAVES),
                   witnessed=checkpoint(1000))  # fmt: skip


def test_a_copy_that_lacks_what_the_lost_log_had_published_is_not_put_in_place(
    tmp_path: Path,
) -> None:
    folder = COPY.write_to(tmp_path / "evidence")

    with pytest.raises(CopyFallsShort, match="published"):
        bring_back(folder, PublishedFiles(900, leaves=LEAVES))
    with pytest.raises(CopyFallsShort, match="another root"):
        bring_back(folder, PublishedFiles(1000, leaves=FORK))
    assert not (tmp_path / "evidence.lost-1").exists()


def test_what_is_no_checkpoint_witnesses_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotSigned):
        bring_back(tmp_path / "evidence", COPY, witnessed=b"nonsense")


def test_a_damaged_copy_is_not_put_in_place_and_its_repair_is(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    damaged = PublishedFiles(1000, leaves=LEAVES)
    damaged.files["tile/entries/001"] = b"\0" * 8704

    with pytest.raises(TilesDamaged):
        bring_back(folder, damaged)
    assert not folder.exists()
    assert bring_back(folder, COPY).checkpoint.size == 1000
