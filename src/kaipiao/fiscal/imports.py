"""Imports (导入): a file of sales, issued in the background; what is known of one, and of a row.

An import is asked for once, by a key of the caller's own, and ends in one of three states.  What
is issued under it is keyed row by row, so whoever takes it over issues nothing twice.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.violation import Violation

Format = Literal["xlsx", "csv", "ndjson"]
State = Literal["waiting", "running", "cancelling", "done", "cancelled", "failed"]
"""``cancelling``: whoever runs it finishes the rows in hand and then ends it."""

Outcome = Literal["issued", "replayed", "refused", "skipped"]
"""``replayed``: issued before, under the same key.  ``skipped``: cancelled, so not issued."""

ENDED: frozenset[State] = frozenset({"done", "cancelled", "failed"})

STATE_NAMES: Mapping[State, tuple[str, str]] = {
    "waiting": ("等待处理", "waiting for its turn"),
    "running": ("正在开具", "being issued"),
    "cancelling": ("正在取消", "being cancelled"),
    "done": ("已完成", "done"),
    "cancelled": ("已取消", "cancelled"),
    "failed": ("文件无法处理", "the file cannot be used"),
}


class Counts(msgspec.Struct, frozen=True):
    """How far it is: rows that have their outcome, by outcome."""

    issued: int = 0
    replayed: int = 0
    refused: int = 0
    skipped: int = 0

    @property
    def done(self) -> int:
        return self.issued + self.replayed + self.refused + self.skipped


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """One file on its way.  ``version`` rises with every change, so a watcher misses none."""

    import_id: str
    tenant: str
    key_id: str  # the API key in whose name it is issued
    taxpayers: frozenset[str]  # for whom that key may issue
    name: str  # the file's, if it was given
    format: Format
    size_bytes: int
    state: State
    total: int | None = None  # invoices in the file, once it was read
    counts: Counts = Counts()
    version: int = 1
    uploaded_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    zh: str = ""  # why it failed or was cancelled
    en: str = ""

    def acts_for(self, taxpayer: str) -> bool:
        return "*" in self.taxpayers or taxpayer in self.taxpayers


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice of the file, at its ``place`` (from 0): a draft, or all that is wrong with it."""

    place: int
    key: str
    read: Draft | list[Violation]


class SaleResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one; ``code`` and the texts say why it was refused."""

    place: int
    key: str
    outcome: Outcome
    number: str = ""
    issued_at: datetime | None = None
    code: str = ""
    zh: str = ""
    en: str = ""
    violations: tuple[Violation, ...] = ()


def count(results: tuple[SaleResult, ...] | list[SaleResult]) -> Counts:
    """How many of each outcome."""
    outcomes = [result.outcome for result in results]
    return Counts(*(outcomes.count(one) for one in ("issued", "replayed", "refused", "skipped")))
