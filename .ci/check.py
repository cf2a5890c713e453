"""``./run check``: format, lint, types, walls, documents; one line each.

Every step runs, whatever the others said: one red line hides no other.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

STEPS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "walls": ["lint-imports"],
    "docs": ["python", "-m", "pytest", "tests/docs"],
}


class Verdict(NamedTuple):
    passed: bool
    line: str


def run_step(name: str, command: list[str]) -> Verdict:
    """Say how it went in one line; before it, if the tool objects, everything it said."""
    began = time.monotonic()
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    passed = done.returncode == 0
    if not passed:
        print(done.stdout + done.stderr)
    took_s = time.monotonic() - began
    line = f"{name:8}{'ok' if passed else 'FAILED':8}{took_s:5.1f} s  {' '.join(command)}"
    print(line, flush=True)
    return Verdict(passed, line)


def main() -> int:
    verdicts = [run_step(name, command) for name, command in STEPS.items()]
    if all(verdict.passed for verdict in verdicts):
        return 0
    print("\nall of it again, without what they said:")
    print("\n".join(verdict.line for verdict in verdicts))
    return 1


if __name__ == "__main__":
    sys.exit(main())
