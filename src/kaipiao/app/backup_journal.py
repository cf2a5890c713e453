"""What a restore drill found, and how long each step took: for people, scripts and the documents.

DIR/2026-11-25-1.json   one drill, whole
DIR/README.md           all of them in a table, between two marks
"""

import time
from pathlib import Path

import msgspec

from kaipiao.app.this_machine import Machine
from kaipiao.base.durable import write_whole
from kaipiao.continuity.backup.saying import Say

PAGE_NAME = "README.md"
BEGIN, END = "<!-- drills: written by the drill -->", "<!-- end of drills -->"
RESTORING = ("check", "replay", "prove", "stop", "settle")
"""The steps of a restore, of those that a drill takes."""


class Step(msgspec.Struct, frozen=True):
    name: str
    seconds: float


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One drill.  ``lost_late`` were acknowledged in the last second before the blow.

    ``compared`` of the acknowledged were asked for again by their keys; the root speaks for all.
    """

    began_at: str
    machine: Machine
    to: str  # the moment that was restored to; empty: the last there was
    acknowledged: int
    compared: int
    acknowledged_lost: int
    lost_late: int
    root_extends: bool
    audit_extends: bool
    cell_bytes: int  # the whole folder before it was lost
    backup_bytes: int  # what it was restored from, the stream included
    stream_bytes: int  # of that: the log that was replayed
    restore_s: float  # from nothing to a proved, stopped, durable cell
    start_s: float  # to the first answer
    recovery_s: float  # both
    steps: tuple[Step, ...]

    @property
    def holds(self) -> bool:
        is_whole = self.acknowledged_lost == self.lost_late
        return self.root_extends and self.audit_extends and is_whole


class Stopwatch:
    """Told of each step as it begins, it tells ``say`` and keeps how long each took."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._steps: list[Step] = []
        self._name = ""
        self._began = time.monotonic()

    def __call__(self, step: str, done: int = 0, of: int = 0, /) -> None:
        if of == 0:
            self._close(step)
        self._say(step, done, of)

    def steps(self) -> tuple[Step, ...]:
        """All of them; the last ends now."""
        self._close("")
        return tuple(self._steps)

    def _close(self, following: str) -> None:
        now = time.monotonic()
        if self._name:
            self._steps.append(Step(self._name, round(now - self._began, 2)))
        self._name, self._began = following, now


def keep_journal_in(folder: Path, found: Found) -> Path:
    """Write this drill down and the page anew; the journal's file."""
    folder.mkdir(parents=True, exist_ok=True)
    day, place = found.began_at[:10], 1
    while (path := folder / f"{day}-{place}.json").exists():
        place += 1
    write_whole(path, msgspec.json.format(msgspec.json.encode(found)) + b"\n", mode=0o644)
    _write_page(folder)
    return path


def read_journals(folder: Path) -> list[tuple[str, Found]]:
    """All of them by name, the oldest first."""
    files = sorted(folder.glob("*-*-*-*.json"), key=lambda path: (path.stem[:10], len(path.stem)))
    return [(path.name, msgspec.json.decode(path.read_bytes(), type=Found)) for path in files]


def _write_page(folder: Path) -> None:
    page = folder / PAGE_NAME
    text = page.read_text(encoding="utf-8") if page.exists() else f"{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    table = render_table(read_journals(folder))
    write_whole(page, f"{before}{BEGIN}\n\n{table}\n{END}{after}".encode(), mode=0o644)


def render_table(journals: list[tuple[str, Found]]) -> str:
    """Markdown: a row a drill, and under it the machines."""
    head = (
        "| journal | cell | invoices | base + stream | restored to | restore s | check, combine "
        "| replay | prove | durable | first answer s | lost | verdict |\n" + "|---" * 13 + "|\n"
    )
    rows = "".join(_row(name, found) for name, found in journals)
    machines = {_machine_in_words(found.machine): name for name, found in reversed(journals)}
    told = "".join(f"\nFrom {name} on: {text}.\n" for text, name in reversed(machines.items()))
    return head + rows + told


def _row(name: str, found: Found) -> str:
    took = {step.name: step.seconds for step in found.steps}
    durable = took.get("stop", 0.0) + took.get("settle", 0.0)
    base = found.backup_bytes - found.stream_bytes
    cells = (
        f"[{name}]({name})",
        _gigabytes(found.cell_bytes),
        f"{found.acknowledged:,}",
        f"{_gigabytes(base)} + {_gigabytes(found.stream_bytes)}",
        "a moment" if found.to else "the last moment",
        f"**{found.restore_s:.1f}**",
        *(f"{took.get(step, 0.0):.1f}" for step in ("check", "replay", "prove")),
        f"{durable:.1f}",
        f"{found.start_s:.1f}",
        str(found.acknowledged_lost),
        "held" if found.holds else "**did not hold**",
    )
    return f"| {' | '.join(cells)} |\n"


def _machine_in_words(machine: Machine) -> str:
    return (
        f"{machine.cores} cores of {machine.cpu}, {machine.memory_gib} GiB, {machine.system}, "
        f"Linux {machine.kernel}, {machine.file_system}, Python {machine.python}"
    )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
