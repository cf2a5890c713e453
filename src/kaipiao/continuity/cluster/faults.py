"""What is wrong with a description: all of it at once, each with what to write instead."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from kaipiao.base.unreadable import Unreadable


class Fault(NamedTuple):
    """One thing wrong with the file: where, and what to write instead."""

    where: str
    zh: str
    en: str


class DescriptionWrong(Unreadable):
    """The file does not describe a cluster; every fault found is in ``faults``."""

    def __init__(self, path: Path, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        zh = "\n".join(["集群描述有误:", *(f"  {one.where}: {one.zh}" for one in self.faults)])
        en = "\n".join(["not a cluster:", *(f"  {one.where}: {one.en}" for one in self.faults)])
        super().__init__(str(path), zh=zh, en=en)


class Checks:
    """Takes what is right, notes what is not, and goes on.  ``where`` is a place in the file."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, where: str, zh: str, en: str) -> None:
        self.faults.append(Fault(where, zh, en))

    def known(self, where: str, table: dict[str, Any], names: Iterable[str]) -> None:
        """Notes what stands in ``table`` and is none of ``names``."""
        for name in table.keys() - set(names):
            can = ", ".join(sorted(names))
            self.fault(f"{where}{name}", f"没有这一项。可用: {can}", f"unknown. Known: {can}")

    def section(self, name: str, value: object) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.fault(name, f"请写成一节: [{name}]", f"write a section: [{name}]")
        return {}

    def named(self, where: str, value: object, pattern: re.Pattern[str]) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self.fault(
            where,
            f"请写小写字母开头的名称 ({pattern.pattern})",
            f"write a name in lower case, a letter first ({pattern.pattern})",
        )
        return ""

    def number(self, where: str, value: object, low: int, high: int) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault(where, f"请写 {low} 至 {high} 的整数", f"write a number from {low} to {high}")
        return low

    def absolute(self, where: str, value: object) -> Path:
        if isinstance(value, str) and Path(value).is_absolute():
            return Path(value)
        self.fault(where, "请写绝对路径", "write an absolute path")
        return Path("/")
