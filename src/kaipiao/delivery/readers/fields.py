"""Elements of a document by name, with faults that name the element."""

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


class Fields:
    """One element, and what its children say.

    Raises (from the typed readers):
        Unreadable: the child is missing where it is needed, or does not say what it should.
    """

    def __init__(self, element: Element, where: str) -> None:
        self.element = element
        self.where = where

    def text(self, path: str) -> str:
        """The text at ``path``, stripped; empty if there is none."""
        found = self.element.find(path)
        return (found.text or "").strip() if found is not None else ""

    def under(self, path: str) -> "Fields":
        """The child at ``path``, or an empty one."""
        found = self.element.find(path)
        empty = Element(path)
        return Fields(empty if found is None else found, f"{self.where}/{path}")

    def each(self, path: str) -> list["Fields"]:
        found = self.element.findall(path)
        return [Fields(child, f"{self.where}/{path}[{n}]") for n, child in enumerate(found, 1)]

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
