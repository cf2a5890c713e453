"""A folder of drills that were kept: a file a series, and one report of all, with its picture."""

from pathlib import Path

from kaipiao.app.clock import SystemClock
from kaipiao.app.this_machine import Machine, describe_machine
from kaipiao.base.durable import write_whole
from kaipiao.continuity.drill.journal import Journal
from kaipiao.continuity.drill.panels import draw_panels
from kaipiao.continuity.drill.series import (
    Series,
    by_drill,
    parse_series,
    render_report,
    render_series,
)

SERIES = "lab-*.json"
REPORT, PICTURE = "lab.md", "lab.svg"
READABLE = 0o644


class SeriesShelf:
    """``put`` writes our series again, with what is new in it, and the report of all series."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file = _fresh(folder)
        self._machine = _in_words(describe_machine(folder))

    def put(self, journals: list[Journal]) -> None:
        """Raises msgspec.MsgspecError: a file of the folder is no series."""
        series = Series(machine=self._machine, journals=journals)
        write_whole(self._file, render_series(series), mode=READABLE)
        every = [parse_series(path.read_bytes()) for path in sorted(self._folder.glob(SERIES))]
        tries = by_drill(one for series in every for one in series.journals)
        write_whole(self._folder / PICTURE, draw_panels(tries).encode(), mode=READABLE)
        write_whole(self._folder / REPORT, render_report(every, PICTURE).encode(), mode=READABLE)


def _fresh(folder: Path) -> Path:
    """A name of the day that is not taken."""
    date, number = SystemClock().now().date().isoformat(), 1
    while (path := folder / f"lab-{date}-{number}.json").exists():
        number += 1
    return path


def _in_words(machine: Machine) -> str:
    return (
        f"{machine.cores} cores of {machine.cpu}, {machine.memory_gib:g} GiB, {machine.system}, "
        f"Linux {machine.kernel}, Python {machine.python}, {machine.file_system}"
    )
