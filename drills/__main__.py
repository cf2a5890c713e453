"""``./run drill``: which drill, how often, from which seed."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import msgspec
import uvloop
from bench import machine

from drills.cell import DidNotStart
from drills.kills import Outcome, run_kills
from kaipiao.app.clock import SystemClock

SHOWN = 20


def main() -> int:
    asked = _parser().parse_args()
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="kaipiao-drill-", dir=asked.scratch) as name:
        os.chmod(name, 0o711)  # noqa: S103  the database's user must pass through
        told = machine.describe(Path(name), "embedded")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            run = run_kills(Path(name) / "cell", times=asked.times, seed=asked.seed, say=_say)
            try:
                outcome = runner.run(run)
            except DidNotStart as failure:
                print(f"  BROKEN  it does not start again: {failure}")
                return 1
            finally:
                if asked.logs:
                    shutil.copytree(Path(name) / "cell/logs", asked.logs, dirs_exist_ok=True)
    keep(asked.json, outcome, told)
    for finding in outcome.findings[:SHOWN]:
        print(f"  BROKEN  {finding}")
    print(
        f"{sum(outcome.kills.values())} kills, {outcome.told_yes} invoices told, "
        f"{len(outcome.findings)} findings"
    )
    return 1 if outcome.findings else 0


def keep(path: Path | None, outcome: Outcome, told: dict[str, object]) -> None:
    """Print the result, or write it where it was asked for."""
    date = SystemClock().now().date().isoformat()
    found = {"date": date, "machine": told, **msgspec.to_builtins(outcome)}
    text = msgspec.json.format(msgspec.json.encode(found), indent=1).decode()
    if path:
        path.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


def _say(line: str) -> None:
    print(f"drill: {line}", file=sys.stderr, flush=True)


def _stop(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run drill", description="Break a running cell under load; then judge every word."
    )
    parser.add_argument("which", choices=("kills",), help="kill -9 at random moments")
    parser.add_argument("--times", type=int, default=200, metavar="N", help="default 200")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    parser.add_argument("--json", type=Path, metavar="F", help="write the result there")
    parser.add_argument("--logs", type=Path, metavar="DIR", help="keep what the cell said there")
    parser.add_argument("--scratch", metavar="DIR", help="a folder on a real disk")
    return parser


if __name__ == "__main__":
    sys.exit(main())
