"""``./run bench quorum``: start, measure in turns, tell, write down."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench import machine, page, processes
from bench.measure import Failed
from bench.processes import ROOT
from bench.quorum import figures
from bench.quorum.rounds import Pace, run_rounds, set_up
from bench.session import say
from kaipiao.app.clock import SystemClock

PAGE = ROOT / "docs/explanation/quorum.md"
RESULTS = ROOT / "docs/bench"
QUICK = Pace(rounds=1, warm_s=0.5, measure_s=1.0)


def main(argv: Sequence[str]) -> int:
    asked = _parser().parse_args(argv)
    pace = QUICK if asked.quick else Pace(asked.rounds, measure_s=asked.seconds)
    scratch = Path(tempfile.mkdtemp(prefix="kaipiao-quorum-", dir=asked.scratch))
    scratch.chmod(0o711)  # the database's user must pass through
    try:
        text, result = _measure(scratch, pace)
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    finally:
        processes.ask_all_to_end()
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"\n{text}")
    _keep(asked, text, result)
    return 0


def _measure(scratch: Path, pace: Pace) -> tuple[str, dict[str, Any]]:
    with set_up(scratch) as scene:
        told = machine.describe(scratch, scene.cell.version())
        found, idle = run_rounds(scene, pace)
        say("stopping")
    tables = (
        page.render_machine({"machine": told}),
        "Ratios: the median of the rounds, and between them the least and the most.",
        figures.render_ratios(found),
        figures.render_rates(found),
        figures.render_cpu(found, idle),
    )
    result = figures.as_json(found, idle)
    day = SystemClock().now().date().isoformat()
    return "\n\n".join(tables), {"date": day, "machine": told} | result


def _keep(asked: argparse.Namespace, text: str, result: dict[str, Any]) -> None:
    content = json.dumps(msgspec.to_builtins(result), indent=1, ensure_ascii=False) + "\n"
    if asked.json:
        asked.json.write_text(content, encoding="utf-8")
    if asked.no_page or asked.quick:
        return
    path = RESULTS / f"{result['date']}-quorum.json"
    path.write_text(content, encoding="utf-8")
    measured = f"Measured on {result['date']}: [{path.name}](../bench/{path.name})."
    page.write_section(PAGE, "\n\n".join([page.BEGIN, measured, text, page.END]))
    print(f"\nwritten: {path.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run bench quorum",
        description="What a quorum costs: three members in a lab (root, network namespaces) beside "
        "a cell of one machine, in turns; about five minutes.",
    )
    parser.add_argument("--quick", action="store_true", help="one short round; not to be believed")
    parser.add_argument("--json", type=Path, metavar="F", help="write all figures there")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="default 3")
    parser.add_argument(
        "--seconds", type=float, default=5.0, metavar="S", help="of each measurement; default 5"
    )
    parser.add_argument("--scratch", metavar="DIR", help="a folder on the disk to measure")
    parser.add_argument(
        "--no-page", action="store_true", help="leave docs/ alone; --json still writes"
    )
    return parser
