"""The results file of ``kaipiao issue``: one line for each invoice, as it becomes known.

It is written beside the drafts as ``FILE.results.ndjson`` while the work goes on and never read
back: what was issued is known by the cell, which is asked again, not by a file.
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, TextIO

import msgspec

from kaipiao.cli.language import t
from kaipiao.client.answers import BatchResult
from kaipiao.delivery.sheets.template import Result, ResultsWriter
from kaipiao.fiscal.month import BEIJING

_OUTCOMES = {
    "issued": ("已开具", "issued"),
    "replayed": ("此前已开具", "issued before"),
    "refused": ("被拒绝", "refused"),
    "unknown": ("结果未知", "unknown"),
}
COLUMNS = ("发票流水号", "发票号码", "开票时间", "状态", "问题")


class Results(Protocol):
    def add(self, result: BatchResult) -> None: ...
    def close(self) -> None: ...


def open_results(path: Path) -> "ResultsFile":
    """A results file in the format that its name asks for: .ndjson, .csv or .xlsx."""
    makers: dict[str, Callable[[Path], Results]] = {".csv": _Csv, ".xlsx": _Xlsx}
    return ResultsFile(makers.get(path.suffix.lower(), _Ndjson)(path))


class ResultsFile:
    """Use it in a ``with``: what is known when we are interrupted is in the file."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def __enter__(self) -> Results:
        return self._results

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._results.close()


class _Ndjson:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def add(self, result: BatchResult) -> None:
        self._file.write(msgspec.json.encode(result) + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class _Csv:
    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w", encoding="utf-8-sig", newline="")
        self._rows = ResultsWriter(self._file)

    def add(self, result: BatchResult) -> None:
        self._rows.add(_row(result))

    def close(self) -> None:
        self._file.close()


class _Xlsx:
    """A workbook is complete only at its end; every row is text, so no number is mangled."""

    def __init__(self, path: Path) -> None:
        import xlsxwriter

        self._book = xlsxwriter.Workbook(path, {"strings_to_formulas": False})
        self._sheet = self._book.add_worksheet(t("结果", "results"))
        self._sheet.set_column(0, len(COLUMNS) - 1, 24)
        self._next = 0
        self._write(COLUMNS)

    def add(self, result: BatchResult) -> None:
        self._write(_row(result))

    def close(self) -> None:
        self._book.close()

    def _write(self, cells: tuple[str, ...]) -> None:
        for column, text in enumerate(cells):
            self._sheet.write_string(self._next, column, text)
        self._next += 1


def _row(result: BatchResult) -> Result:
    at = result.issued_at
    return Result(
        key=result.key,
        number=result.number,
        issued_at=f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if at else "",
        status=t(*_OUTCOMES[result.outcome]),
        problem=problem_of(result),
    )


def problem_of(result: BatchResult) -> str:
    """Why a line was not issued, all of it, on one line."""
    faults = [f"{v.path or '/'} {t(v.zh, v.en)}" for v in result.violations]
    said = t(result.zh, result.en) if result.code else ""
    return " ".join([said, *faults]).strip()
