"""Which copy of a stream came further, and whether a backup's bytes are what they were."""

import hashlib
from pathlib import Path

import pytest

from kaipiao.continuity.backup.check import Piece, check_pieces
from kaipiao.continuity.backup.wal import BLOCK_BYTES, furthest_first, reach
from kaipiao.continuity.backup.wrong import BackupWrong

SEGMENT_BYTES = 3 * BLOCK_BYTES
OLD, NEW = "000000010000000000000001", "000000020000000000000002"


def put(folder: Path, name: str, received: int) -> None:
    """A file as pg_receivewal makes it: its whole length, zeros behind what was received."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x" * received + bytes(SEGMENT_BYTES - received))


def test_the_copy_that_received_more_of_the_newest_file_is_asked_first(tmp_path: Path) -> None:
    near, far, away = tmp_path / "near", tmp_path / "far", tmp_path / "away"
    put(near, NEW + ".partial", BLOCK_BYTES + 1)
    put(far, NEW + ".partial", BLOCK_BYTES + 2)
    put(away, OLD, SEGMENT_BYTES)

    assert furthest_first([near, away, far]) == [far, near, away]
    assert reach(far) == (2, BLOCK_BYTES + 2)


def test_an_empty_copy_comes_last_and_breaks_nothing(tmp_path: Path) -> None:
    some, none, zeros = tmp_path / "some", tmp_path / "none", tmp_path / "zeros"
    none.mkdir()
    put(some, OLD, 1)
    put(zeros, OLD + ".partial", 0)

    assert furthest_first([none, zeros, some]) == [some, zeros, none]


def test_a_byte_that_changed_is_found_and_what_is_whole_is_counted(tmp_path: Path) -> None:
    pieces = []
    for n in range(5):
        path = tmp_path / str(n)
        path.write_bytes(bytes([n]) * (n * BLOCK_BYTES // 2 + 1))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        pieces.append(Piece(path, path.stat().st_size, digest))
    told: list[tuple[int, int]] = []

    check_pieces(pieces, lambda done, of: told.append((done, of)))

    assert told[-1][0] == told[-1][1] == sum(piece.size for piece in pieces)
    (tmp_path / "3").write_bytes((tmp_path / "3").read_bytes()[:-1] + b"!")
    with pytest.raises(BackupWrong, match="/3: checksum mismatch"):
        check_pieces(pieces, lambda *_: None)


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root's")
    (tmp_path / "0").symlink_to(tmp_path / "secret")

    with pytest.raises(BackupWrong, match="damaged"):
        check_pieces([Piece(tmp_path / "0", 6, "")], lambda *_: None)
