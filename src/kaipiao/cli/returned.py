"""The user's own sheet, given back by ``kaipiao issue`` with what became of each invoice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kaipiao.app.folder import write_whole
from kaipiao.cli.drafts import STDIN
from kaipiao.client.answers import BatchResult
from kaipiao.fiscal.imports import Sale, SaleResult

if TYPE_CHECKING:
    from kaipiao.delivery.sheets.file import SheetFile


def places_for_results(
    file: str, asked: Path | None, *, is_sheet: bool
) -> tuple[Path | None, Path | None]:
    """Where the list of results goes, and where the sheet that is given back; None: nowhere."""
    listed = None if file == STDIN else Path(f"{file}.results.ndjson")
    if not is_sheet:
        return asked or listed, None
    own = Path(file)
    if asked is not None and (file == STDIN or asked.suffix.lower() != own.suffix.lower()):
        return asked, None
    back = None if file == STDIN else own.with_name(f"{own.stem}.结果{own.suffix}")
    return listed, asked or back


class Returned:
    """Remembers what became of each row, for the sheet that is given back."""

    def __init__(self, sheet: "SheetFile | None") -> None:
        self._sheet = sheet
        self.results: list[SaleResult] = []

    def note(self, result: BatchResult) -> BatchResult:
        """The same result, its objections named by their cells."""
        if self._sheet is None:
            return result
        place = result.line - 1
        if result.code and result.code != "malformed":
            sale = Sale(place=place, key=result.key, read=[])
            told = tuple(self._sheet.locate(sale, result.violations))
            result = msgspec.structs.replace(result, violations=told)
        if result.outcome != "unknown":
            self.results.append(
                SaleResult(
                    place=place,
                    key=result.key,
                    outcome=result.outcome,
                    number=result.number,
                    issued_at=result.issued_at,
                    zh=result.zh,
                    en=result.en,
                    violations=result.violations,
                )
            )
        return result


@contextmanager
def given_back(sheet: "SheetFile | None", path: Path | None) -> Iterator[Returned]:
    """Write the sheet at the end, and when we are interrupted: what is known is in it."""
    returned = Returned(sheet)
    try:
        yield returned
    finally:
        if sheet is not None and path is not None:
            from kaipiao.delivery.sheets.file import UNKNOWN  # loaded already, for there is a sheet

            content = sheet.render(returned.results, otherwise=UNKNOWN)
            write_whole(path, content, mode=0o644)
