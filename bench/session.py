"""All stacks, up side by side on one scratch folder, and one way to put a load on each.

They stand idle while another is measured, which costs memory and nothing else; so rounds can go
from one to the next without a start in between, and compare the same minute.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench import processes, references
from bench.cell import Cell, running_cell
from bench.drafts import SELLERS, write_drafts
from bench.measure import Measured, Stack, measure
from bench.order import Order
from bench.postgres import Postgres, running_postgres

BULK = "/v1/invoices:batch"
COPY_STEP = 1_000_000_000
"""Serials between one COPY and the next: none copies so many."""


class Pace:
    """How long each measurement may take, and how many processes put the load on."""

    def __init__(self, warm_s: float, measure_s: float, generators: int = 1) -> None:
        self.warm_s = warm_s
        self.measure_s = measure_s
        self.generators = generators


class Session:
    """Everything that runs, and everything found so far, by the name of the measurement."""

    def __init__(
        self, scratch: Path, cell: Cell, postgres: Postgres, stacks: dict[str, Stack], pace: Pace
    ) -> None:
        self.scratch = scratch
        self.cell = cell
        self.postgres = postgres
        self.pace = pace
        self.found: dict[str, list[Measured]] = {}
        self.copied: list[references.Copied] = []
        self._stacks = stacks
        self._runs = 0

    @property
    def drafts(self) -> Path:
        return self.scratch / "drafts"

    def load(self, name: str, on: str, **changes: object) -> Measured:
        """Measure a stack under this name.  Raises Failed."""
        stack = self._stacks[on]
        self._runs += 1
        order = Order(
            port=stack.port,
            path=stack.path,
            drafts=str(self.drafts),
            keys=f"{os.getpid()}-{self._runs}-",
            tokens=stack.tokens,
            warm_s=self.pace.warm_s,
            measure_s=self.pace.measure_s,
        )
        order = msgspec.structs.replace(order, **changes)
        found = measure(name, stack, order, generators=self.pace.generators)
        self.found.setdefault(name, []).append(found)
        say(
            f"{name}: {found.invoices_per_s:,.0f}/s, p50 {found.latency_ms['p50_ms']:.1f} ms,"
            f" p99 {found.latency_ms['p99_ms']:.1f} ms"
        )
        return found

    def copy(self) -> None:
        first = 1 + len(self.copied) * COPY_STEP
        seconds = self.pace.measure_s
        found = references.copy(self.postgres, self.drafts, first=first, seconds=seconds)
        self.copied.append(found)
        say(f"copy: {found.rows_per_s:,.0f}/s")

    @contextmanager
    def settled(self) -> Iterator[None]:
        """The reference stacks' database and the page cache are at rest."""
        with self.postgres.at_rest():
            os.sync()
            yield

    def per_s(self, name: str) -> float:
        """The median over the rounds; 0 if it was never measured."""
        rates = [found.invoices_per_s for found in self.found.get(name, ())]
        return statistics.median(rates) if rates else 0.0

    def copy_per_s(self) -> float:
        rates = [copied.rows_per_s for copied in self.copied]
        return statistics.median(rates) if rates else 0.0

    def latency_ms(self, name: str, share: str = "p99_ms") -> float:
        found = [measured.latency_ms[share] for measured in self.found.get(name, ())]
        return statistics.median(found) if found else 0.0


@contextmanager
def running_session(pace: Pace, *, place: str | None) -> Iterator[Session]:
    """From nothing; all of it is gone when the block is left."""
    scratch = Path(tempfile.mkdtemp(prefix="kaipiao-bench-", dir=place))
    scratch.chmod(0o711)  # PostgreSQL may run as another user, who must get through
    try:
        with ExitStack() as running:
            try:
                yield _start(running, scratch, pace)
            finally:
                say("stopping")
                processes.ask_all_to_end()  # so that they stop at the same time
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _start(running: ExitStack, scratch: Path, pace: Pace) -> Session:
    say("starting the stacks")
    with ThreadPoolExecutor() as pool:
        cell_soon = pool.submit(running.enter_context, running_cell(scratch / "cell"))
        sellers = write_drafts(scratch / "drafts", SELLERS)
        # This server's life is tied to the thread that starts it, so this thread does.
        postgres = running.enter_context(running_postgres(scratch / "others"))
        postgres.prepare(sellers)
        others_soon = {
            name: pool.submit(running.enter_context, stack)
            for name, stack in (
                ("raw", references.running_raw()),
                ("naive", references.running_fastapi("naive", postgres)),
                ("good", references.running_fastapi("good", postgres)),
                ("bare_path", references.running_bare_path(postgres)),
            )
        }
        cell = cell_soon.result()
        cell.grant(sellers)
        tokens = cell.make_keys()
        stacks = {name: soon.result() for name, soon in others_soon.items()}
    stacks |= {"single": cell.stack(tokens), "bulk": cell.stack(tokens, path=BULK)}
    return Session(scratch, cell, postgres, stacks, pace)


_began = time.monotonic()


def say(what: str) -> None:
    """One line of progress."""
    print(f"bench {time.monotonic() - _began:6.1f} s  {what}", file=sys.stderr, flush=True)
