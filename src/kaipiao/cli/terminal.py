"""What a terminal can do: say things, show a table, show progress when it takes longer."""

import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

import click
import msgspec

PATIENCE_S = 1.0
"""What is done within a second needs no progress bar."""

BAR_CELLS = 30

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def say(text: str) -> None:
    """For whoever asked: standard output."""
    click.echo(text)


def warn(text: str) -> None:
    """For the person beside the script: standard error."""
    click.echo(text, err=True)


def say_json(value: Any) -> None:
    """One JSON value on one line."""
    click.echo(msgspec.json.encode(value))


def width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def printable(text: str) -> str:
    """``text`` without what moves a cursor, changes colours or turns the line around."""
    return "".join("\ufffd" if unicodedata.category(c) in _UNPRINTABLE else c for c in text)


def say_table(rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Columns side by side; those numbered in ``right`` are aligned to the right."""
    table = [tuple(row) for row in rows]
    widths = [max(map(width, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [
            " " * (space - width(cell)) + cell if n in right else cell + " " * (space - width(cell))
            for n, (cell, space) in enumerate(zip(row, widths, strict=True))
        ]
        say("  ".join(cells).rstrip())


class Progress:
    """A bar on standard error, if that is a terminal and a second has passed.

    ``total`` is None while it is not known: then only what is done is counted.
    """

    def __init__(self, title: str, total: int | None) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._began = time.monotonic()
        self._shown_at = self._began + PATIENCE_S - 0.1
        self._shown = False

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._draw()
            click.echo("", err=True)

    def advance(self, by: int = 1) -> None:
        self._done += by
        now = time.monotonic()
        if now - self._shown_at >= 0.1 and sys.stderr.isatty():
            self._shown_at, self._shown = now, True
            self._draw()

    def _draw(self) -> None:
        rate = self._done / max(time.monotonic() - self._began, 0.001)
        if self._total:
            full = BAR_CELLS * self._done // self._total
            bar = "█" * full + "·" * (BAR_CELLS - full)
            line = f"{self._title} {bar} {self._done}/{self._total}  {rate:,.0f}/s"
        else:
            line = f"{self._title} {self._done}  {rate:,.0f}/s"
        click.echo(f"\r{line}\x1b[K", err=True, nl=False)
