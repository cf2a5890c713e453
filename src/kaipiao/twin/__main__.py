"""``./run sim``: live through storms; ``--seed 17`` meets one again, with its journal.

Exits 0 if every promise held, 1 if one was broken, 2 for wrong usage.
"""

import argparse
import sys
import time
from collections import Counter

from kaipiao.twin.seeds import hush, meet_all
from kaipiao.twin.storm import Verdict, meet

SEEDS = 1_000
FAULTS_SHOWN = 10
AGAIN = "meet it again: ./run sim --seed"


INTERRUPTED = 130


def main() -> int:
    try:
        return _meet(_read_orders())
    except KeyboardInterrupt:
        return INTERRUPTED


def _meet(orders: argparse.Namespace) -> int:
    if orders.seed is not None:
        hush()
        verdict = meet(orders.seed)
        print("\n".join(verdict.journal))
        _show(verdict)
        return 1 if verdict.broken else 0
    return _meet_many(range(orders.first, orders.first + orders.seeds))


def _read_orders() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run sim",
        description="The real core in a virtual world: storms by seed, exact promises after each.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seeds", type=_count, default=SEEDS, help="how many (default: 1000)")
    which.add_argument("--seed", type=int, help="one only, with all that happened in it")
    parser.add_argument("--first", type=int, default=0, help="the first of --seeds (default: 0)")
    return parser.parse_args()


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least one")
    return count


def _meet_many(seeds: range) -> int:
    progress = _Progress(len(seeds))
    failed = meet_all(seeds, tell=progress.hear)
    progress.end()
    if failed is not None:
        _show(failed)
        print(f"seed {failed.seed} broke a promise; {AGAIN} {failed.seed}")
        return 1
    print(f"{len(seeds)} seeds, every promise kept: {progress.sums()}")
    return 0


def _show(verdict: Verdict) -> None:
    print(f"seed {verdict.seed}: {_sentence(verdict.counts)}; journal {verdict.digest[:16]}")
    for fault in verdict.broken[:FAULTS_SHOWN]:
        print(f"  BROKEN  {fault}")
    if len(verdict.broken) > FAULTS_SHOWN:
        print(f"  and {len(verdict.broken) - FAULTS_SHOWN} more")


class _Progress:
    """One line on a terminal that says how far we are; sums of what was lived through."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._counts: Counter[str] = Counter()
        self._began_s = time.monotonic()

    def hear(self, verdict: Verdict) -> None:
        self._done += 1
        self._counts.update(verdict.counts)
        if sys.stderr.isatty():
            print(f"\r{self._done} of {self._total} seeds", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def sums(self) -> str:
        took_s = time.monotonic() - self._began_s
        whole = {name: n for name, n in self._counts.items() if not name.startswith("form")}
        return f"{_sentence(whole)}, in {took_s:.0f} s"


def _sentence(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items())


if __name__ == "__main__":
    sys.exit(main())
