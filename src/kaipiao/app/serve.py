"""``serve``: one process that answers HTTP on the supervisor's listening socket.

uvicorn on uvloop and httptools; no access log (the gateway keeps its own), no banner.  On
SIGTERM it stops accepting, finishes what it is doing, and hands back its numbers.
"""

import asyncio
import socket

import uvicorn

from kaipiao.app.folder import CellFolder
from kaipiao.app.journal import keep_journal
from kaipiao.app.orders import Orders, receive_orders, say_ready
from kaipiao.app.wiring import open_services
from kaipiao.gateway.asgi import build_app, build_protocol
from kaipiao.gateway.last_words import LastWords

FINISH_WITHIN_S = 1
BACKLOG = 2048


class Server(uvicorn.Server):
    """Says when it accepts calls, and says nothing else."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            say_ready()


async def serve(orders: Orders) -> None:
    """Answer until SIGTERM."""
    words = LastWords(socket.socket(fileno=orders.channel), orders.memory)
    async with open_services(orders) as services:
        front = build_app(services)
        config = uvicorn.Config(
            front,
            http=build_protocol(front, words),
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=int(services.limits.keep_alive_s),
            timeout_graceful_shutdown=FINISH_WITHIN_S,
        )
        await Server(config).serve([socket.socket(fileno=orders.listener)])


def main() -> None:
    orders = receive_orders()
    keep_journal(CellFolder(orders.settings.data).logs, orders.name)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(orders))


if __name__ == "__main__":
    main()
