"""A log that cannot go on says so, under its old key and the new one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kaipiao.evidence.keys import open_key
from kaipiao.evidence.note import Standing, parse_note
from kaipiao.evidence.signing.closing import Ending, compose_closing, origin_after

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ENDING = Ending(log="a.example/log", kept=8, kept_root="aa==", told=12, told_root="bb==")


def compose(folder: Path, reason: str) -> str:
    old = open_key(folder / "old", ENDING.log)
    new = open_key(folder / "new", origin_after(ENDING.log))
    return compose_closing(
        ENDING, old=[old], new=[new], at=NOON, reason=reason, asked=["w.example silent"]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_both_keys_sign_what_is_kept_what_was_told_and_why(folder: Path) -> None:
    note = parse_note(compose(folder, "both disks burned"))

    keys = [open_key(folder / "old", ENDING.log), open_key(folder / "new", "a.example/log/after-1")]
    assert [key.verifier.standing(note) for key in keys] == [Standing.SIGNED, Standing.SIGNED]
    lines = note.text.splitlines()
    assert lines[0] == "kaipiao log closed v1", "no checkpoint of the old log begins so"
    for line in ("kept 8", "told 12", "lost at least 4", "witness w.example silent"):
        assert line in lines


@pytest.mark.parametrize("reason", ["", "  ", "x" * 151, "one\nkept 12"])
def test_a_reason_is_one_line_that_says_something(folder: Path, reason: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        compose(folder, reason)


def test_a_log_may_end_more_than_once() -> None:
    assert origin_after("a.example/log") == "a.example/log/after-1"
    assert origin_after("a.example/log/after-1") == "a.example/log/after-2"
