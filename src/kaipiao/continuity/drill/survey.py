"""What survived a drill: the primary's books, and whether every other copy says the same."""

import asyncio
import time
from pathlib import Path

import msgspec

from kaipiao.continuity.drill.books import Books, checkpoint_of, read_books, read_log
from kaipiao.continuity.drill.stage import Stage
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME
from kaipiao.ledger.inventory import count_issued, hash_tables

LOGGED_WITHIN_S = 30.0
EVERY_S = 0.1


class Survey(msgspec.Struct):
    """The primary's books; ``findings``: what is late, or says otherwise elsewhere."""

    books: Books
    findings: list[str]


async def survey(stage: Stage) -> Survey:
    """Everything, once all logs and all standbys have caught up; what does not is a finding."""
    dsn = await stage.dsn()
    late = await _wait_for_logs(stage, await count_issued(dsn))
    books = await read_books(dsn, furthest(stage), stage.vkey)
    copies = await _compare_copies(stage, dsn)
    return Survey(books, [*late, *copies, *compare_logs(stage, books)])


def furthest(stage: Stage) -> Path:
    """The folder of the member whose published log is the longest."""
    return max(stage.logs.values(), key=lambda folder: _size(stage, folder))


async def _wait_for_logs(stage: Stage, issued: int) -> list[str]:
    deadline = time.monotonic() + LOGGED_WITHIN_S
    while late := [name for name, path in stage.logs.items() if _size(stage, path) != issued]:
        if time.monotonic() > deadline:
            told = f"not complete {LOGGED_WITHIN_S:.0f} s after the last invoice"
            return [f"{name}: its log is {told}" for name in late]
        await asyncio.sleep(EVERY_S)
    return []


async def _compare_copies(stage: Stage, dsn: str) -> list[str]:
    """Each standby holds, table by table, what the primary holds."""
    deadline = time.monotonic() + LOGGED_WITHIN_S
    while True:
        differ: list[str] = []
        primary = await hash_tables(dsn)
        for name, copy in (await stage.copies()).items():
            differ += await compare_copy(name, copy, primary)
        if not differ or time.monotonic() > deadline:
            return differ
        await asyncio.sleep(EVERY_S)


async def compare_copy(name: str, dsn: str, primary: dict[str, bytes]) -> list[str]:
    """A standby that starts again just now does not answer; whoever asks, asks again."""
    try:
        own = await hash_tables(dsn)
    except OSError as error:
        return [f"{name}: its database does not answer: {error}"]
    return [f"{name}: its {one} is not the primary's" for one in own if own[one] != primary[one]]


def compare_logs(stage: Stage, books: Books) -> list[str]:
    """Each member's published log is whole by itself, and is the log that was judged."""
    found = []
    for name, folder in stage.logs.items():
        if folder == furthest(stage) and len(stage.logs) == 1:
            continue  # it was read as the books
        own = read_log(Books(), folder, stage.vkey)
        found += [f"{name}: {damage}" for damage in own.damage]
        if own.entries != books.entries[: len(own.entries)]:
            found.append(f"{name}: the leaves of its log are not those of the log")
    return found


def _size(stage: Stage, folder: Path) -> int:
    try:
        note = (folder / CHECKPOINT_NAME).read_text(encoding="utf-8")
        return checkpoint_of(note, stage.vkey).size
    except (FileNotFoundError, ValueError):
        return 0
