"""A gateway behind a real server, on a free port of this machine, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import uvicorn

from kaipiao.gateway.asgi import build_protocol
from kaipiao.gateway.limits import Limits
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import open_bench
from tests.stores import NOVEMBER
from tests.strategies import SELLER

NARROW_BYTES = 32 * 1024
"""What the kernel keeps for each side of a connection: little, so that waiting is seen."""


class Served(NamedTuple):
    url: str
    port: int
    token: str  # may do everything for everyone; SELLER has ten million yuan of credit
    own_token: str  # may do everything for SELLER


@contextmanager
def serve(dsn: str, *, limits: Limits | None = None, **changes: Any) -> Iterator[Served]:
    """Serve a migrated database until the block ends."""
    limits = limits or Limits()
    ready = threading.Event()
    told: dict[str, Any] = {}
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as uvloop does
        for side in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            listener.setsockopt(socket.SOL_SOCKET, side, NARROW_BYTES)
        thread = threading.Thread(
            target=asyncio.run, args=[_serve(dsn, listener, limits, changes, told, ready)]
        )
        thread.start()
        assert ready.wait(30)
        port = listener.getsockname()[1]
        try:
            yield Served(f"http://127.0.0.1:{port}", port, told["token"], told["own_token"])
        finally:
            told["server"].should_exit = True
            thread.join(30)


async def _serve(
    dsn: str,
    listener: socket.socket,
    limits: Limits,
    changes: dict[str, Any],
    told: dict[str, Any],
    ready: threading.Event,
) -> None:
    clock = StoppedClock()
    store = await Store.open(dsn, clock=clock, area=31, channel=1)
    try:
        await store.credit.grant(SELLER.taxpayer_id, 10**9, month=NOVEMBER)
        bench = await open_bench(store, clock, limits=limits, **changes)
        told["token"] = await bench.key()
        told["own_token"] = await bench.key(SELLER.taxpayer_id)
        config = uvicorn.Config(
            bench.app, http=build_protocol(bench.app), ws="none", log_config=None, access_log=False
        )
        told["server"] = server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        ready.set()
        await serving
    finally:
        ready.set()
        await store.close()
