"""Grades say what a checkpoint is worth to someone, and nothing that was not proved to them."""

import pytest

from kaipiao.evidence.grade import Grade, grade_note
from kaipiao.evidence.note import Note, parse_note
from kaipiao.evidence.policy import parse_policy
from tests.unit.evidence.fakes import make_signer
from tests.unit.evidence.witnessed import SIGNER, cosigned, make_note, policy_text

NOTE = make_note()
KEY = SIGNER.verifier
TWO = parse_policy(policy_text(2, ["bureau", "auditor", "archive"]))


class Stamped:
    """An authority that has seen every note, or none."""

    def __init__(self, at: int | None) -> None:
        self._at = at

    def stamped_at(self, note: Note) -> int | None:
        return self._at


def test_a_note_that_the_log_did_not_sign_is_worth_nothing_whoever_cosigned_it() -> None:
    note = cosigned(NOTE, {"bureau": 1, "auditor": 2})
    unsigned = note._replace(signatures=note.signatures[1:])

    assert grade_note(unsigned, KEY, TWO, Stamped(5)).grade is Grade.E0
    assert grade_note(note, make_signer("other.example/log").verifier, TWO).grade is Grade.E0


@pytest.mark.parametrize(
    ("times", "stamped_at", "grade"),
    [
        ({}, None, Grade.E1),
        ({"bureau": 1}, None, Grade.E1),
        ({"bureau": 1, "auditor": 2}, None, Grade.E2),
        ({"bureau": 1, "auditor": 2}, 9, Grade.E3),
        ({"bureau": 1}, 9, Grade.E1),
    ],
)
def test_each_grade_includes_those_before_it(
    times: dict[str, int], stamped_at: int | None, grade: Grade
) -> None:
    graded = grade_note(cosigned(NOTE, times), KEY, TWO, Stamped(stamped_at))

    assert graded.grade is grade
    assert graded.stamped_at == stamped_at


def test_who_trusts_no_witness_is_told_of_none() -> None:
    graded = grade_note(cosigned(NOTE, {"bureau": 1, "auditor": 2}), KEY)

    assert (graded.grade, graded.witnessed_at) == (Grade.E1, None)
    assert grade_note(parse_note(NOTE), KEY, parse_policy(b"quorum none\n")).grade is Grade.E1


def test_every_grade_has_words_in_both_languages_and_they_are_ordered() -> None:
    assert sorted(Grade) == [Grade.E0, Grade.E1, Grade.E2, Grade.E3]
    assert len({grade.zh for grade in Grade} | {grade.en for grade in Grade}) == 8
