"""The list of logs is a text file that people edit, and a slip of theirs stops nothing."""

from pathlib import Path

import pytest

from kaipiao.evidence.witness.roster import Roster, add_log, parse_roster, read_roster, remove_log
from tests.unit.evidence.fakes import make_signer

ONE, TWO = make_signer("one.example").verifier, make_signer("two.example").verifier
SECOND_KEY = make_signer("other").verifier._replace(name="one.example")


def test_keys_comments_and_the_lines_of_a_policy_are_read() -> None:
    text = f"# ours\n\nlog {ONE} https://one.example/log\n  {SECOND_KEY}\n{TWO}\nquorum none\n"

    assert parse_roster(text) == {"one.example": (ONE, SECOND_KEY), "two.example": (TWO,)}


@pytest.mark.parametrize(
    "line", ["log", "log one two three", "one.example", f"log {ONE}x", "a b c"]
)
def test_a_line_that_names_no_log_is_told_by_its_number(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_roster(f"{ONE}\n{line}\n")


def test_logs_are_added_once_and_removed_whole(tmp_path: Path) -> None:
    path = tmp_path / "logs"
    path.write_text("# mine\nquorum none")  # no newline at its end

    assert add_log(path, ONE, "https://one.example")
    assert not add_log(path, ONE)
    assert add_log(path, SECOND_KEY)
    assert add_log(path, TWO)
    assert remove_log(path, "one.example") == 2
    assert remove_log(path, "one.example") == 0
    assert path.read_text() == f"# mine\nquorum none\nlog {TWO}\n"


def test_no_file_means_no_logs(tmp_path: Path) -> None:
    assert read_roster(tmp_path / "logs") == {}
    assert Roster(tmp_path / "logs").origins() == []


def test_a_change_is_seen_and_a_slip_leaves_the_last_good_list(tmp_path: Path) -> None:
    path = tmp_path / "logs"
    roster = Roster(path)

    add_log(path, ONE)
    assert roster.keys("one.example") == (ONE,)
    path.write_text("nonsense\n")
    assert roster.keys("one.example") == (ONE,)
    path.write_text(f"{TWO}\n")
    assert (roster.keys("one.example"), roster.origins()) == ((), ["two.example"])
