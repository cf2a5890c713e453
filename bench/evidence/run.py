"""Measures, tells, writes down."""

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from bench import machine, page
from bench.evidence import logs, mirror, receipts, witness
from bench.processes import ROOT
from kaipiao.app.clock import SystemClock
from kaipiao.evidence.signing.signers import LABELS

PAGE = ROOT / "docs/explanation/evidence.md"
RESULTS = ROOT / "docs/bench"


class Size(NamedTuple):
    """How much is measured; ``leaves`` are of the log under the receipts."""

    leaves: int
    submissions: int
    seconds: float


WHOLE = Size(leaves=66_000, submissions=600, seconds=2.0)
"""Three levels of tiles, paths of seventeen hashes."""
QUICK = Size(leaves=2_000, submissions=20, seconds=0.05)


class Goal(NamedTuple):
    what: str
    must: float = 0.0  # 0: told, and nothing is demanded
    is_most: bool = False  # else at least

    def is_reached(self, value: float) -> bool:
        return value <= self.must if self.is_most else value >= self.must

    def bound(self) -> str:
        return f"{'≤' if self.is_most else '≥'} {self.must:,.0f}" if self.must else ""


GOALS = {
    "leaves_per_s": Goal("leaves/s written, wall, batches of 1,000, Ed25519", 100_000),
    "leaves_three_signatures_per_s": Goal("leaves/s written, wall, three signatures"),
    "signatures_us": Goal("CPU µs an invoice, the three signatures under 1,000 alone"),
    "full_cost_us": Goal("CPU µs an invoice, tree, tiles, disk and three signatures", 15, True),
    "receipts_made_per_s": Goal("receipts/s made, in crowds of 1,000", 50_000),
    "receipts_made_singly_per_s": Goal("receipts/s made, one by one from anywhere"),
    "receipts_verified_per_s": Goal("receipts/s verified", 20_000),
    "cosignatures_per_s": Goal("cosignatures/s of one witness, one at a time", 150),
    "audited_entries_per_s": Goal("entries/s audited, of a folder"),
    "mirrored_entries_per_s": Goal("entries/s mirrored over HTTP, proved and on the disk"),
}
"""Every figure, in the order of the table; its key is a contract for scripts."""


def main(argv: Sequence[str]) -> int:
    asked = _parser().parse_args(argv)
    size = QUICK if asked.quick else WHOLE._replace(seconds=asked.seconds)
    with TemporaryDirectory(prefix="kaipiao-evidence-", dir=asked.scratch) as folder:
        told = machine.describe(Path(folder), "no PostgreSQL in it")
        rounds = [
            _round(Path(folder) / str(n), size) for n in range(1 if asked.quick else asked.rounds)
        ]
    found = {key: statistics.median(one[key] for one in rounds) for key in GOALS}
    day = SystemClock().now().date().isoformat()
    result = found | {"date": day, "machine": told, "rounds": rounds}
    print(f"\n{render(found)}")
    _keep(result, asked)
    return 0 if all(goal.is_reached(found[key]) for key, goal in GOALS.items()) else 1


def _round(place: Path, size: Size) -> dict[str, float]:
    """Everything once; the long-lived log is written first and read by the later ones."""
    place.mkdir()
    seconds = size.seconds
    log = logs.write_log(place / "read", size=size.leaves)
    plain = logs.write_rate(place / "plain", LABELS[:1], seconds=seconds)
    full = logs.write_rate(place / "full", LABELS, seconds=seconds)
    found = {
        "leaves_per_s": plain.wall_per_s,
        "leaves_three_signatures_per_s": full.wall_per_s,
        "signatures_us": logs.signing_us(place / "keys", LABELS, seconds=seconds),
        "full_cost_us": full.cpu_us,
        "receipts_made_per_s": receipts.made_rate(log, seconds=seconds),
        "receipts_made_singly_per_s": receipts.made_singly_rate(log, seconds=seconds),
        "receipts_verified_per_s": receipts.verified_rate(log, seconds=seconds),
        "cosignatures_per_s": witness.cosigned_rate(
            place / "witness", submissions=size.submissions
        ),
        "audited_entries_per_s": logs.audit_rate(log, seconds=seconds),
        "mirrored_entries_per_s": mirror.mirrored_rate(place / "mirror", log),
    }
    print("  ".join(f"{key} {value:,.1f}" for key, value in found.items()), flush=True)
    return found


def render(found: dict[str, Any]) -> str:
    rows = [(goal.what, *_cells(goal, found[key])) for key, goal in GOALS.items()]
    return page.table(("", "found", "must", ""), rows)


def _cells(goal: Goal, value: float) -> tuple[str, str, str]:
    verdict = "reached" if goal.is_reached(value) else "missed"
    shown = f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
    return shown, goal.bound(), verdict if goal.must else ""


def _keep(result: dict[str, Any], asked: argparse.Namespace) -> None:
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    if asked.json:
        asked.json.write_text(text, encoding="utf-8")
    if asked.no_page or asked.quick:
        return
    path = RESULTS / f"{result['date']}-evidence.json"
    path.write_text(text, encoding="utf-8")
    measured = f"Measured on {result['date']}: [{path.name}](../bench/{path.name})."
    about, table = page.render_machine(result), render(result)
    page.write_section(PAGE, "\n\n".join([page.BEGIN, measured, about, table, page.END]))
    print(f"\nwritten: {path.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run bench evidence", description="What proving costs; exits 1 if a goal is missed."
    )
    parser.add_argument(
        "--quick", action="store_true", help="all of it, in a moment and too small to be believed"
    )
    parser.add_argument("--json", type=Path, metavar="F", help="write all figures there")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="default 3; medians")
    parser.add_argument(
        "--seconds",
        type=float,
        default=WHOLE.seconds,
        metavar="S",
        help="of each measurement; default 2",
    )
    parser.add_argument(
        "--scratch", metavar="DIR", help="a folder on the disk to measure; default: for temporary"
    )
    parser.add_argument(
        "--no-page", action="store_true", help="leave docs/ alone; --json still writes"
    )
    return parser
