"""Which version is the shadow, since where in the log, and the file that remembers.

    started ──cut-over──▶ cut-over ──back──▶ back ──cut-over──▶ …

Each turn begins a run of its own, with a ledger of its own: two versions may not agree about one.
The file is replaced whole.  It says who is the *shadow*; who *issues* is what the release room's
file says, and ``turn.py`` reads the two together.
"""

import os
import shlex
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from kaipiao.base.durable import write_whole

Why = Literal["started", "cut-over", "back"]
BEGIN = "from kaipiao.cli.main import main; main()"


class Version(msgspec.Struct, frozen=True, omit_defaults=True):
    """A kaipiao that can be run.  ``python`` is its environment's; empty: we do not know it."""

    command: tuple[str, ...]
    python: str = ""

    def __str__(self) -> str:
        return self.python or shlex.join(self.command)


class Elsewhere(msgspec.Struct, frozen=True):
    """A shadow cell that somebody else runs: its address, and the file that holds its key."""

    url: str
    key_file: str

    def __str__(self) -> str:
        return self.url


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The run that is on.  ``since``: its first place in the log; ``former``: who was the shadow
    before the last turn.
    """

    number: int = 1
    version: Version | None = None
    elsewhere: Elsewhere | None = None
    since: int = 0
    why: Why = "started"
    former: Version | None = None
    at: datetime | None = None

    @property
    def shadow(self) -> str:
        return str(self.elsewhere or self.version)


def version_of(words: Sequence[str]) -> Version:
    """``words`` name a ``kaipiao`` command, or the ``python`` of an environment that has one."""
    if len(words) == 1 and Path(words[0]).name.startswith("python"):
        return of_python(os.path.abspath(words[0]))
    found = shutil.which(words[0]) or words[0]
    return Version(tuple(words), _python_beside(Path(found)))


def of_python(python: str) -> Version:
    """``-P``: nothing is imported from whatever folder we are in."""
    return Version((python, "-P", "-c", BEGIN), python)


def _python_beside(command: Path) -> str:
    for folder in (command.absolute().parent, command.resolve().parent):
        if os.access(folder / "python", os.X_OK):
            return str(folder / "python")
    return ""


def read_plan(path: Path) -> Plan | None:
    """None: no shadow was ever started here."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except FileNotFoundError:
        return None


def keep_plan(path: Path, plan: Plan) -> Plan:
    write_whole(path, msgspec.json.encode(plan) + b"\n")
    return plan


def wanted(
    known: Plan | None, version: Version | None, elsewhere: Elsewhere | None, begun: Plan
) -> Plan:
    """The plan to go on with: the known one, unless another shadow is asked for.

    ``version`` may be who *was* the shadow: a unit file that starts it knows nothing of a turn.
    """
    if known is None:
        return begun
    same = (version, elsewhere) in (
        (None, None),
        (known.version, None),
        (None, known.elsewhere),
        (known.former, None),
    )
    return known if same else msgspec.structs.replace(begun, number=known.number + 1)


def turned(plan: Plan, to: Version, *, why: Why, since: int, at: datetime) -> Plan:
    """``to`` is the shadow from ``since`` on; a run of its own."""
    return Plan(
        number=plan.number + 1, version=to, since=since, why=why, former=plan.version, at=at
    )
