"""A finding and what is done about it, step by step; or why a person must act."""

from typing import Literal, NamedTuple

import msgspec

from kaipiao.continuity.recovery.advice import command_for
from kaipiao.continuity.recovery.finding import Finding

Stage = Literal["break", "isolate", "rebuild"]
Act = Literal["", "reinit", "drop-slot", "empty-renditions"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """``act`` is empty for what an engine below has already done."""

    stage: Stage
    act: Act = ""
    about: str
    zh: str
    en: str


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and its steps; where a person must act, ``zh`` and ``en`` say why, and
    ``command`` what to type first.
    """

    finding: Finding
    steps: tuple[Step, ...] = ()
    zh: str = ""
    en: str = ""
    command: str = ""

    @property
    def acts(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.act)


class Why(NamedTuple):
    zh: str
    en: str


def left_to_a_person(finding: Finding, why: Why) -> Course:
    """No step: the reason, and what to type."""
    return Course(finding=finding, zh=why.zh, en=why.en, command=command_for(finding))
