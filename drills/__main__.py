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
from drills.seals import SealOutcome, run_seals

SHOWN = 20
SEALED_PER_SECOND = 500
SEALER_KILLS = 3


def main() -> int:
    asked = _parser().parse_args()
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="kaipiao-drill-", dir=asked.scratch) as name:
        os.chmod(name, 0o711)  # noqa: S103  the database's user must pass through
        told = record.describe(Path(name))
        _say(f"{told['version']} at {told['commit']}, on {told['machine']}")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                outcome = runner.run(_run(asked, Path(name) / "cell"))
            except DidNotStart as failure:
                print(f"  BROKEN  it does not start again: {failure}")
                return 1
            finally:
                if asked.logs:
                    shutil.copytree(Path(name) / "cell/logs", asked.logs, dirs_exist_ok=True)
    keep(asked, told, outcome)
    for finding in outcome.findings[:SHOWN]:
        print(f"  BROKEN  {finding}")
    print(f"{_sum_up(outcome)}, {len(outcome.findings)} findings")
    return 1 if outcome.findings else 0


async def _run(asked: argparse.Namespace, folder: Path) -> Outcome | SealOutcome:
    if asked.which == "kills":
        return await run_kills(folder, times=asked.times or 200, seed=asked.seed, say=_say)
    return await run_seals(
        folder,
        invoices=asked.times or 10_000,
        kills=SEALER_KILLS,
        per_second=SEALED_PER_SECOND,
        say=_say,
    )


def _sum_up(outcome: Outcome | SealOutcome) -> str:
    if isinstance(outcome, Outcome):
        return f"{sum(outcome.kills.values())} kills, {outcome.told_yes} invoices told"
    return f"{outcome.issued} issued, sealed at {outcome.drained_per_second} a second"


def keep(asked: argparse.Namespace, told: record.Record, outcome: Outcome | SealOutcome) -> None:
    """Write the result where it was asked for; or print it."""
    text = record.render(told, asked.which, outcome)
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
    parser.add_argument(
        "which",
        choices=("kills", "seals"),
        help="kill -9 at random moments; or every seal vendor dead, slow, lying",
    )
    parser.add_argument(
        "--times", type=int, metavar="N", help="kills (200), or invoices to be sealed (10,000)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    parser.add_argument("--json", type=Path, metavar="F", help="write the result there")
    parser.add_argument("--keep", action="store_true", help="write it to docs/drills, dated")
    parser.add_argument("--logs", type=Path, metavar="DIR", help="keep what the cell said there")
    parser.add_argument("--scratch", metavar="DIR", help="a folder on a real disk")
    return parser


if __name__ == "__main__":
    sys.exit(main())
