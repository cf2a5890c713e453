"""Cells of one row, read exactly; every fault says sheet, row and column.

A spreadsheet keeps numbers as binary floats and shows fifteen digits of them.  A cell that
holds 12.3 is exactly 1230 fen, because ``12.3`` is the shortest text of that float; one that
holds 0.30000000000000004 is no amount, and is refused rather than rounded.  A whole number of
sixteen digits or more has lost its tail before we see it, so ids must be text.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

from kaipiao.delivery.readers.figures import parse_amount, parse_day, parse_rate
from kaipiao.delivery.sheets.book import Cell, column_letters
from kaipiao.fiscal.decimals import read_decimal
from kaipiao.fiscal.draft import Treatment
from kaipiao.fiscal.violation import Violation

EXACT_BELOW = 10**15
"""A double tells whole numbers of fifteen digits apart, and Excel keeps no more."""


class Row:
    """One row of a sheet: its cells by heading, and the faults found so far.

    ``columns`` says where each heading stands (from 0); ``cells`` what is under it, blank ones
    left out.
    """

    __slots__ = ("_cells", "_columns", "faults", "number", "sheet")

    def __init__(
        self, sheet: str, number: int, columns: Mapping[str, int], cells: Mapping[str, Cell]
    ) -> None:
        self.sheet = sheet
        self.number = number
        self._columns = columns
        self._cells = cells
        self.faults: list[Violation] = []

    @property
    def where(self) -> str:
        return f"{self.sheet}!{self.number}"

    def place(self, heading: str) -> str:
        """``1-发票基本信息!F7 购买方名称``; without the letter if there is no such column."""
        column = self._columns.get(heading)
        letters = "" if column is None else column_letters(column)
        return f"{self.sheet}!{letters}{self.number} {heading}".strip()

    def path(self, heading: str) -> str:
        """The same as a JSON pointer: sheet, row, heading."""
        return f"/{_escaped(self.sheet)}/{self.number}/{_escaped(heading)}"

    def holds(self, headings: Iterable[str]) -> bool:
        """Whether anything stands under any of these."""
        return not self._cells.keys().isdisjoint(headings)

    def fault(self, heading: str, code: str, *, zh: str, en: str) -> None:
        place = self.place(heading)
        self.faults.append(
            Violation(
                code=code, path=self.path(heading), zh=f"{place}: {zh}。", en=f"{place}: {en}."
            )
        )

    def text(self, heading: str) -> str:
        """The cell as text; empty if there is none.  Never a fault."""
        value = self._cells.get(heading, "")
        return value.strip() if isinstance(value, str) else _text(value)

    def words(self, heading: str) -> str:
        """Text that is not a figure: a number with too many digits is a fault."""
        value = self._cells.get(heading, "")
        if isinstance(value, int | float) and abs(value) >= EXACT_BELOW:
            self.fault(
                heading,
                "sheet-digits-lost",
                zh="超过15位的号码被存成了数字, 末位可能已丢失。请将单元格设为文本后重新填写",
                en="has more than fifteen digits and is stored as a number, which loses the "
                "last ones. Format the cell as text and type it again",
            )
        return self.text(heading)

    def needed(self, heading: str) -> str:
        text = self.words(heading)
        if not text:
            self.fault(heading, "sheet-cell-missing", zh="为必填项", en="must be filled in")
        return text

    def amount(self, heading: str) -> int | None:
        """Whole fen; None if empty or, with a fault, if it is no amount."""
        text = self.text(heading)
        if not text:
            return None
        try:
            return parse_amount(text)
        except ValueError:
            self.fault(
                heading,
                "sheet-amount-unreadable",
                zh=f"金额 {text[:40]} 不是至多两位小数的数, 不会代为四舍五入",
                en=f"{text[:40]} is not an amount of at most two decimals; we never round it",
            )
            return None

    def rate(self, heading: str) -> tuple[int, Treatment]:
        text = self.text(heading)
        try:
            rate_bp, treatment = parse_rate(text)
            if rate_bp is not None:
                return rate_bp, treatment
        except ValueError:
            pass
        self.fault(
            heading,
            "sheet-rate-unreadable",
            zh=f"税率 {text[:40]} 无法读取。请填写如 0.13、13% 或 免税",
            en=f"{text[:40]!r} is not a rate. Write it as 0.13, 13% or 免税",
        )
        return 0, "taxed"

    def decimal(self, heading: str) -> str:
        """A quantity or price as decimal text of at most thirteen decimals."""
        text = self.text(heading)
        if text and read_decimal(text) is None:
            self.fault(
                heading,
                "sheet-decimal-unreadable",
                zh=f"{text[:40]} 不是至多13位小数的数",
                en=f"{text[:40]} is not a number of at most thirteen decimals",
            )
            return ""
        return text

    def day(self, heading: str) -> date | None:
        """A day as a spreadsheet keeps it or as people type it; None if empty or a fault."""
        value = self._cells.get(heading, "")
        if isinstance(value, datetime | date):
            return value.date() if isinstance(value, datetime) else value
        text = self.text(heading)
        try:
            return parse_day(text) if text else None
        except ValueError:
            self.fault(
                heading,
                "sheet-day-unreadable",
                zh=f"{text[:40]} 不是日期。请填写如 2026-11-01",
                en=f"{text[:40]!r} is not a day. Write it as 2026-11-01",
            )
            return None

    def answer(self, heading: str, *, default: bool | None = None) -> bool:
        """是 or 否."""
        text = self.text(heading)
        if text in ("是", "否"):
            return text == "是"
        if text or default is None:
            self.fault(heading, "sheet-answer-unreadable", zh="请填写 是 或 否", en="is 是 or 否")
        return bool(default)


def _text(value: Cell) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT_BELOW else repr(value)
    if isinstance(value, datetime | date | time | timedelta):
        return str(value)
    return str(value).strip()


def _escaped(part: str) -> str:
    """RFC 6901."""
    return part.replace("~", "~0").replace("/", "~1")
