"""Grades (存证等级): what a signed checkpoint is worth, to someone who says whom they trust.  Pure.

Each grade includes those before it: a time stamp over a checkpoint that no witness has seen would
only say when one of several stories was told.

    E0  issued, in no checkpoint yet: the ledger's word, and the promise of a proof
    E1  in a checkpoint that the log's key signed
    E2  ... which the policy's quorum of witnesses cosigned: nobody was shown another history
    E3  ... and a time-stamping authority saw all of these signatures at a stated second
"""

from enum import StrEnum
from typing import Protocol

import msgspec

from kaipiao.evidence.note import Note, Standing


class Grade(StrEnum):
    E0 = "E0"
    E1 = "E1"
    E2 = "E2"
    E3 = "E3"

    @property
    def zh(self) -> str:
        return _WORDS[self][0]

    @property
    def en(self) -> str:
        return _WORDS[self][1]


_WORDS = {
    Grade.E0: ("已开具, 尚未进入检查点", "issued, in no checkpoint yet"),
    Grade.E1: ("已进入签名检查点", "in a signed checkpoint"),
    Grade.E2: ("已由见证方联署", "cosigned by witnesses"),
    Grade.E3: ("已由见证方联署并加盖可信时间戳", "cosigned by witnesses and time-stamped"),
}


class LogTrust(Protocol):
    """A log's key (``note.VerifierKey``)."""

    @property
    def name(self) -> str: ...

    def standing(self, note: Note) -> Standing: ...


class WitnessTrust(Protocol):
    """Whom to believe that a checkpoint was seen (``policy.Policy``)."""

    def witnessed_at(self, note: Note) -> int | None:
        """The Unix second by which the quorum had cosigned; None if it did not."""
        ...


class TimeTrust(Protocol):
    """Whom to believe what time it was (``timestamp.Authority``)."""

    def stamped_at(self, note: Note) -> int | None:
        """The Unix second of the oldest good token over this note; None if there is none."""
        ...


class Graded(msgspec.Struct, frozen=True, omit_defaults=True):
    """A note's grade; the times, in Unix seconds, are told whatever the grade is."""

    grade: Grade
    witnessed_at: int | None = None
    stamped_at: int | None = None


def grade_note(
    note: Note,
    log: LogTrust,
    witnesses: WitnessTrust | None = None,
    authority: TimeTrust | None = None,
) -> Graded:
    """What a checkpoint is worth to someone who trusts these, and nobody else."""
    origin = note.text.partition("\n")[0]
    if origin != log.name or log.standing(note) is not Standing.SIGNED:
        return Graded(Grade.E0)
    witnessed_at = witnesses.witnessed_at(note) if witnesses else None
    stamped_at = authority.stamped_at(note) if authority else None
    if witnessed_at is None:
        return Graded(Grade.E1, stamped_at=stamped_at)
    grade = Grade.E2 if stamped_at is None else Grade.E3
    return Graded(grade, witnessed_at, stamped_at)
