"""``./run bench``: measure, tell, and write down."""

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from bench import figures, machine, page, rounds
from bench.measure import Failed
from bench.processes import ROOT
from bench.session import Pace, running_session
from kaipiao.app.clock import SystemClock

PAGE = ROOT / "docs/explanation/speed.md"
RESULTS = ROOT / "docs/bench"
QUICK_WARM_S, QUICK_MEASURE_S = 0.7, 2.5


def main() -> int:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    if sys.argv[1:2] == ["growth"]:
        from bench.growth.run import main as grow

        return grow(sys.argv[2:])
    if sys.argv[1:2] == ["sheets"]:
        from bench.sheets import main as sheets

        return sheets(sys.argv[2:])
    if sys.argv[1:2] == ["renditions"]:
        from bench.renditions import main as render

        return render(sys.argv[2:])
    if sys.argv[1:2] == ["evidence"]:
        from bench.evidence.run import main as prove

        return prove(sys.argv[2:])
    if sys.argv[1:2] == ["quorum"]:
        from bench.quorum.run import main as price

        return price(sys.argv[2:])
    asked = _parser().parse_args()
    try:
        found = measure_all(asked)
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    keep(asked, found)
    print(f"\n{page.render_ratios(found)}\n\n{page.render_rates(found)}")
    return 0


def measure_all(asked: argparse.Namespace) -> dict[str, Any]:
    """Every figure.  Raises Failed."""
    until = time.monotonic() + rounds.QUICK_S
    pace = Pace(asked.warm, asked.seconds, asked.generators)
    if asked.quick:
        pace.warm_s, pace.measure_s = QUICK_WARM_S, QUICK_MEASURE_S
    with running_session(pace, place=asked.scratch) as session:
        told = machine.describe(session.scratch, session.cell.version())
        if asked.quick:
            extras = rounds.run_quick(session, until)
        else:
            extras = rounds.run_whole(session, asked.rounds)
        found = figures.compose(session, extras, told)
    return found | {"date": SystemClock().now().date().isoformat(), "quick": asked.quick}


def keep(asked: argparse.Namespace, found: dict[str, Any]) -> None:
    """Write JSON where it was asked for; a whole run also goes into the documents."""
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if asked.json:
        asked.json.write_text(text, encoding="utf-8")
    if asked.quick or asked.no_page:
        return
    RESULTS.mkdir(exist_ok=True)
    path = _fresh(found["date"])
    path.write_text(text, encoding="utf-8")
    page.write_section(PAGE, page.render_section(found, source=path.name))
    print(f"\nwritten: {path.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}")


def _fresh(date: str) -> Path:
    """A name of the day that is not taken."""
    number = 1
    while (path := RESULTS / f"{date}-{number}.json").exists():
        number += 1
    return path


def _stop(*_: object) -> None:
    """Unwind, which ends and removes all that we started; a second Ctrl-C does not cut that off."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run bench", description="What this machine can issue, beside what others would."
    )
    parser.add_argument("--quick", action="store_true", help="one short round, within a minute")
    parser.add_argument("--json", type=Path, metavar="F", help="write all figures there")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="default 3")
    parser.add_argument(
        "--seconds", type=float, default=8.0, metavar="S", help="of each measurement; default 8"
    )
    parser.add_argument(
        "--warm", type=float, default=2.0, metavar="S", help="before each; default 2"
    )
    parser.add_argument(
        "--generators", type=int, default=1, metavar="N", help="processes of load; default 1"
    )
    parser.add_argument(
        "--scratch", metavar="DIR", help="a folder on the disk to measure; default: for temporary"
    )
    parser.add_argument(
        "--no-page", action="store_true", help="leave docs/ alone; --json still writes"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
