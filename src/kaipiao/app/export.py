"""``export``: one list of invoices, made by a process of its own and read from its output.

A million rows are a minute of pure computing, which a process that issues must not do between two
sales.  So a server starts one of these, nice to everybody, and passes its bytes on.  When the
caller goes away, or the server dies, it ends.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date

from kaipiao.app.clock import SystemClock
from kaipiao.app.courtesy import BACKGROUND, step_back
from kaipiao.app.orders import Orders, encode_orders, receive_orders
from kaipiao.app.patience import open_store
from kaipiao.delivery.sheets.listing import PIECE_BYTES, write_list
from kaipiao.errors import Outage
from kaipiao.fiscal.listing import ExportAsk


class Exporter:
    """Makes exports for the gateway; each in a process of its own."""

    def __init__(self, orders: Orders) -> None:
        self._orders = encode_orders(
            Orders(settings=orders.settings, dsn=orders.dsn, name="export")
        )

    async def __call__(self, ask: ExportAsk) -> AsyncIterator[bytes]:
        """The file in pieces.  Raises Outage: it broke off."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "kaipiao.app.export", ask.seller, ask.form,
            _text(ask.since), _text(ask.until),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(self._orders)  # and left open: its end means that we are gone
            while piece := await process.stdout.read(PIECE_BYTES):
                yield piece
            if await process.wait() != 0:
                raise Outage("export")
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def export(orders: Orders, ask: ExportAsk) -> None:
    store = await open_store(orders, SystemClock())
    try:
        invoices = store.scan.invoices(ask.seller, since=ask.since, until=ask.until)
        out = sys.stdout.buffer
        await write_list(invoices, ask.form, out.write)
        out.flush()
    finally:
        await store.close()


def _text(day: date | None) -> str:
    return day.isoformat() if day else "-"


def _day(text: str) -> date | None:
    return None if text == "-" else date.fromisoformat(text)


def main() -> None:
    step_back(BACKGROUND)
    orders = receive_orders()
    seller, form, since, until = sys.argv[1:]
    ask = ExportAsk(seller=seller, since=_day(since), until=_day(until), form=form)  # type: ignore[arg-type]  # ours
    asyncio.run(export(orders, ask))


if __name__ == "__main__":
    main()
