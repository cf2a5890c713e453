"""A folder of drills that were kept: a file a series, and one report of all, with its picture."""

from pathlib import Path

import msgspec

from kaipiao.app.clock import SystemClock
from kaipiao.app.this_machine import Machine, describe_machine
from kaipiao.base.durable import write_whole
from kaipiao.base.unreadable import Unreadable
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
    """``put`` writes our series again, with what is new in it, and the report of all series.

    Raises Unreadable at once, before anything is broken: a file of the folder is no series.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._others = [_read(path) for path in sorted(folder.glob(SERIES))]
        self._file = _fresh(folder)
        self._machine = _in_words(describe_machine(folder))

    def put(self, journals: list[Journal]) -> None:
        series = Series(machine=self._machine, journals=journals)
        every = [*self._others, series]
        tries = by_drill(one for each in every for one in each.journals)
        write_whole(self._file, render_series(series), mode=READABLE)
        write_whole(self._folder / PICTURE, draw_panels(tries).encode(), mode=READABLE)
        write_whole(self._folder / REPORT, render_report(every, PICTURE).encode(), mode=READABLE)


def _read(path: Path) -> Series:
    try:
        return parse_series(path.read_bytes())
    except msgspec.MsgspecError as error:
        raise Unreadable(
            str(path),
            zh=f"不是演练结果 ({error})。请移走它, 或换一个目录。",
            en=f"is no series of drills ({error}). Move it away, or choose another folder.",
        ) from error


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
