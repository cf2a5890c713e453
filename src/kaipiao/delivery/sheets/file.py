"""A sheet as a file of sales: implements ports.SaleFile."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from kaipiao.delivery.sheets.draft import Defaults, Origin
from kaipiao.delivery.sheets.places import locate
from kaipiao.delivery.sheets.read import is_flat, open_book, read_book
from kaipiao.delivery.sheets.results import RowResult, render_results
from kaipiao.fiscal.imports import Outcome, Sale, SaleResult
from kaipiao.fiscal.month import BEIJING
from kaipiao.fiscal.violation import Violation

_STATES: Mapping[Outcome, str] = {
    "issued": "已开具",
    "replayed": "此前已开具",
    "refused": "被拒绝",
    "skipped": "未开具",
}
NOT_ISSUED = RowResult(_STATES["skipped"])
UNKNOWN = RowResult(
    "结果未知",
    zh="没有得到答复。请再次提交该文件, 不会重复开具。",
    en="No answer is known. Send the file again; nothing is ever issued twice.",
)


class SheetFile:
    """Read at once, so that what is no sheet is refused before anything is issued.

    Raises:
        Unreadable: not a sheet within limits, or without the tables and headings.
    """

    def __init__(self, data: bytes, defaults: Defaults = Defaults()) -> None:  # noqa: B008 - frozen
        self._book = open_book(data)
        self._is_flat = is_flat(self._book)
        self._invoices = read_book(self._book, defaults)
        self._origins: list[Origin] = []
        self.total = len(self._invoices)

    def sales(self) -> Iterator[Sale]:
        for place, invoice in enumerate(self._invoices, len(self._origins)):
            self._origins.append(invoice.origin)
            yield Sale(place=place, key=invoice.key, read=invoice.read)

    def locate(self, sale: Sale, violations: Sequence[Violation]) -> list[Violation]:
        return [locate(one, self._origins[sale.place]) for one in violations]

    def render(self, results: Sequence[SaleResult], *, otherwise: RowResult = NOT_ISSUED) -> bytes:
        """The user's own sheet with its results; ``otherwise`` stands beside what has none."""
        for _ in self.sales():
            pass  # rows that nobody came to
        known = {result.place: row_result(result) for result in results}
        beside: dict[str, dict[int, RowResult]] = {}
        for place, origin in enumerate(self._origins):
            told = known.get(place, otherwise)
            rows = origin.details if self._is_flat else ()
            for row in rows:
                beside.setdefault(row.sheet, {})[row.number] = told._replace(zh="", en="")
            beside.setdefault(origin.basic.sheet, {})[origin.basic.number] = told
        return render_results(self._book, beside)


def row_result(result: SaleResult) -> RowResult:
    return RowResult(
        state=_STATES[result.outcome],
        number=result.number,
        issued_at=beijing_text(result.issued_at) if result.issued_at else "",
        zh=" ".join([result.zh, *(one.zh for one in result.violations)]).strip(),
        en=" ".join([result.en, *(one.en for one in result.violations)]).strip(),
    )


def beijing_text(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
