"""Elements of a document by name, with faults that name the element.

A name is tried as the format spells it, and then as others have: letter case and hyphens do
not count, nor does the missing ``e`` of ``IssuItemInformation``.  What is said twice must be
the same: of two amounts, two programs would take different ones.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar
from xml.etree.ElementTree import Element

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.figures import (
    parse_amount,
    parse_day,
    parse_instant,
    parse_rate,
    plain_decimal,
)
from kaipiao.fiscal.draft import Treatment

T = TypeVar("T")

MAX_ROWS = 4_000
"""Elements of one name under another: twice the lines of the longest invoice."""

_CORRECTED = {"issueiteminformation": "issuiteminformation"}


class Fields:
    """One element, and what its children say.

    Raises (from every method):
        Unreadable: the child is missing where it is needed, says two things at once, or does
            not say what it should.
    """

    def __init__(self, element: Element, where: str) -> None:
        self.element = element
        self.where = where
        self._folded: dict[str, list[Element]] | None = None

    def text(self, path: str) -> str:
        """The text at ``path``, stripped; empty if there is none."""
        *above, name = path.split("/")
        parent = self.under("/".join(above)) if above else self
        texts = {(found.text or "").strip() for found in parent._named(name)}
        if len(texts) > 1:
            raise _ambiguous(f"{self.where}/{path}")
        return texts.pop() if texts else ""

    def under(self, path: str) -> "Fields":
        """The child at ``path``, or an empty one."""
        child = self
        for name in path.split("/"):
            found = child._named(name)
            if len(found) > 1:
                raise _ambiguous(f"{self.where}/{path}")
            child = Fields(found[0] if found else Element(name), f"{child.where}/{name}")
        return child

    def each(self, path: str) -> list["Fields"]:
        """Every child at ``path``, in order."""
        *above, name = path.split("/")
        parent = self.under("/".join(above)) if above else self
        where, found = f"{self.where}/{path}", parent._named(name)
        if len(found) > MAX_ROWS:
            raise Unreadable(
                where,
                zh=f"超出读取上限 ({MAX_ROWS} 行)。",
                en=f"there are more than we read ({MAX_ROWS}).",
            )
        return [Fields(child, f"{where}[{n}]") for n, child in enumerate(found, 1)]

    def amount(self, path: str) -> int:
        return self._read(path, parse_amount)

    def amount_if_any(self, path: str) -> int | None:
        return self.amount(path) if self.text(path) else None

    def rate(self, path: str) -> tuple[int | None, Treatment]:
        return self._read(path, parse_rate)

    def decimal_if_any(self, path: str) -> str:
        return self._read(path, plain_decimal) if self.text(path) else ""

    def day(self, path: str) -> date:
        return self._read(path, parse_day)

    def instant_if_any(self, path: str) -> datetime | None:
        return self._read(path, parse_instant) if self.text(path) else None

    def _named(self, name: str) -> list[Element]:
        """The children of this name, or else of one that is only spelt otherwise."""
        found = self.element.findall(name)
        if found or not len(self.element):
            return found
        if self._folded is None:
            self._folded = {}
            for child in self.element:
                self._folded.setdefault(_fold(child.tag), []).append(child)
        return self._folded.get(_fold(name), [])

    def _read(self, path: str, parse: Callable[[str], T]) -> T:
        text = self.text(path)
        try:
            return parse(text)
        except ValueError as error:
            raise Unreadable(
                f"{self.where}/{path}",
                zh=f"无法读取内容 {text[:40]!r}。",
                en=f"cannot be read: {error}",
            ) from None


def _fold(name: str) -> str:
    folded = name.replace("-", "").lower()
    return _CORRECTED.get(folded, folded)


def _ambiguous(where: str) -> Unreadable:
    return Unreadable(
        where,
        zh="该元素出现多次且内容不同, 无法确定以哪个为准。请重新获取原始文件。",
        en="it is there more than once and says different things. Get the original file again.",
    )
