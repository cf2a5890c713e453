"""``./run check``: format, lint, types, walls, documents; one line each.

Every step runs, whatever the others said: one red line hides no other.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

STEPS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "walls": ["lint-imports"],
    "docs": ["python", "-m", "pytest", "tests/docs"],
}


def run_step(name: str, command: list[str]) -> bool:
    """One line; before it, if the tool objects, everything it said."""
    began = time.monotonic()
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    passed = done.returncode == 0
    if not passed:
        print(done.stdout + done.stderr)
    took_s = time.monotonic() - began
    print(
        f"{name:8}{'ok' if passed else 'FAILED':8}{took_s:5.1f} s  {' '.join(command)}", flush=True
    )
    return passed


def main() -> int:
    passed = [run_step(name, command) for name, command in STEPS.items()]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
