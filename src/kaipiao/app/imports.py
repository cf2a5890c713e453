"""Uploaded files are issued here, beside whatever else a ``deliver`` process does."""

import asyncio
import logging
from contextlib import suppress

from kaipiao.delivery.sheets.file import SheetFile
from kaipiao.errors import Outage
from kaipiao.fiscal.imports import Import
from kaipiao.gateway.draft_lines import LinesFile
from kaipiao.issuing.importing import Importing
from kaipiao.issuing.issue import Issuing
from kaipiao.ledger.store import Store
from kaipiao.ports import Clock, SaleFile
from kaipiao.regimes.cn.rules import check

LOOK_EVERY_S = 0.5
"""An upload waits so long at most before someone begins with it."""

FORGET_EVERY_S = 3_600.0

AT_ONCE = 2
"""Imports under way in one process: a small one need not wait for a large one."""

log = logging.getLogger(__name__)


def open_sale_file(given: Import, content: bytes) -> SaleFile:
    """Raises Unreadable."""
    if given.format == "ndjson":
        return LinesFile(content, given.import_id)
    return SheetFile(content)


def compose_importing(store: Store, clock: Clock, worker: str) -> Importing:
    return Importing(
        imports=store.imports,
        issuing=Issuing(ledger=store.ledger, clock=clock, law=check),
        ledger=store.ledger,
        open_file=open_sale_file,
        worker=worker,
    )


async def run_imports(
    store: Store, clock: Clock, *, worker: str, keep_days: int, stop: asyncio.Event
) -> None:
    """Take imports as they come until ``stop``; what is in hand then, others take over."""
    tasks = [
        asyncio.create_task(_run(compose_importing(store, clock, f"{worker}:{n}"), stop))
        for n in range(AT_ONCE)
    ]
    tasks.append(asyncio.create_task(_forget(store, keep_days, stop)))
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    with suppress(Outage):
        for n in range(AT_ONCE):
            await store.imports.let_go(f"{worker}:{n}")


async def _run(importing: Importing, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            if await importing.run_one():
                continue
        except Outage as error:
            log.warning("imports wait for the ledger: %r", error)
        except Exception:
            # Its lease runs out and it is tried again, a few times; then it is given up, aloud.
            log.exception("an import failed in a way that nobody foresaw")
        await asyncio.sleep(LOOK_EVERY_S)


async def _forget(store: Store, keep_days: int, stop: asyncio.Event) -> None:
    while not stop.is_set():
        with suppress(Outage):
            await store.imports.forget(older_than_days=keep_days)
        await asyncio.sleep(FORGET_EVERY_S)
