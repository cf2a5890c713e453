"""``./run drill``: which drill, how often, from which seed."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import uvloop

from bench.processes import ROOT
from drills import record
from drills.cell import DidNotStart
from drills.kills import Outcome, run_kills

SHOWN = 20


def main() -> int:
    asked = _parser().parse_args()
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="kaipiao-drill-", dir=asked.scratch) as name:
        os.chmod(name, 0o711)  # noqa: S103  the database's user must pass through
        told = record.describe(Path(name))
        _say(f"{told['version']} at {told['commit']}, on {told['machine']}")
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
    keep(asked, told, outcome)
    for finding in outcome.findings[:SHOWN]:
        print(f"  BROKEN  {finding}")
    print(
        f"{sum(outcome.kills.values())} kills, {outcome.told_yes} invoices told, "
        f"{len(outcome.findings)} findings"
    )
    return 1 if outcome.findings else 0


def keep(asked: argparse.Namespace, told: record.Record, outcome: Outcome) -> None:
    """Write the result where it was asked for; or print it."""
    text = record.render(told, outcome)
    if asked.json:
        asked.json.write_text(text, encoding="utf-8")
    if asked.keep:
        record.RESULTS.mkdir(exist_ok=True)
        path = record.fresh(record.RESULTS, str(told["date"]))
        path.write_text(text, encoding="utf-8")
        _say(f"written: {path.relative_to(ROOT)}")
    if not (asked.json or asked.keep):
        print(text, end="")


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
    parser.add_argument("--keep", action="store_true", help="write it to docs/drills, dated")
    parser.add_argument("--logs", type=Path, metavar="DIR", help="keep what the cell said there")
    parser.add_argument("--scratch", metavar="DIR", help="a folder on a real disk")
    return parser


if __name__ == "__main__":
    sys.exit(main())
