"""A list is made by a process of its own, which ends with whoever asked for it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

from kaipiao.app.export import Exporter
from kaipiao.app.orders import Orders
from kaipiao.app.settings import Settings
from kaipiao.fiscal.listing import ExportAsk
from kaipiao.ledger.store import Store as PostgresStore
from tests.conftest import Database
from tests.stores import Store, entry, grant
from tests.strategies import SELLER

ASK = ExportAsk(seller=SELLER.taxpayer_id, form="ndjson")


def exporter(database: Database, folder: Path) -> Exporter:
    orders = Orders(settings=Settings(data=str(folder)), dsn=database.app, name="serve-0")
    return Exporter(orders)


def children() -> set[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {int(pid) for pid in listed}


async def test_every_invoice_is_in_what_another_process_says(
    database: Database, store: Store, tmp_path: Path
) -> None:
    await grant(store)
    for n in range(1, 6):
        await store.ledger.record(entry(f"k{n}", n))
    await cast(PostgresStore, store).order.sequence()

    said = b"".join([piece async for piece in exporter(database, tmp_path)(ASK)])

    assert said.count(b"\n") == 5


async def test_whoever_leaves_leaves_no_process_behind(database: Database, tmp_path: Path) -> None:
    before = children()
    pieces = cast(
        "AsyncIterator[bytes]",
        exporter(database, tmp_path)(ExportAsk(seller=SELLER.taxpayer_id, form="xlsx")),
    )
    await anext(pieces)
    await pieces.aclose()  # type: ignore[attr-defined]

    assert children() <= before
