"""``serve``: one process that answers HTTP on the supervisor's listening socket.

uvicorn on uvloop and httptools; no access log (the gateway keeps its own), no banner.  On
SIGTERM it stops accepting, finishes what it is doing, and hands back its numbers.  On SIGUSR1,
when another one follows it, it does so without haste: each caller has one more answer.
"""

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, cast

import uvicorn

from kaipiao.app.crowd import Crowd
from kaipiao.app.ending import CANNOT_GO_ON, SHORT_OF_MEMORY, Ending, bound_memory
from kaipiao.app.folder import CellFolder
from kaipiao.app.journal import keep_journal
from kaipiao.app.orders import Orders, receive_orders, say_ready
from kaipiao.app.wiring import open_services
from kaipiao.base.shortage import is_shortage
from kaipiao.gateway.asgi import build_app, build_protocol
from kaipiao.gateway.last_words import LastWords
from kaipiao.gateway.protocol import PatientProtocol

FINISH_WITHIN_S = 1
YIELD_S = 0.001
"""How long a caller waits at most because a worker with fewer callers should take it."""

BREATH_S = 0.1
"""How long a worker that cannot take callers leaves them to the others."""

COLLECT_EVERY = 50_000
"""New objects between two looks for cycles (Python's own: 700).  We make next to none, and
each look costs time that a crowd of callers waits for."""

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Takes callers one at a time from a socket that other workers share.

    The event loop's own server takes all who wait, so the first worker to wake would serve a
    crowd while the next one stands idle.  See ``crowd.py``.
    """

    def __init__(self, config: uvicorn.Config, listener: socket.socket, crowd: Crowd) -> None:
        super().__init__(config)
        self._listener = listener
        self._crowd = crowd
        self._arriving: set[asyncio.Task[Any]] = set()
        self._yielding: asyncio.TimerHandle | None = None
        self._is_draining = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        if self.started:
            self._listen()
            say_ready()

    def leave(self) -> None:
        """Begin an orderly end."""
        self.should_exit = True

    def drain(self) -> None:
        """Another process takes new callers; ours have one more answer each, and then we end."""
        self._is_draining = True
        self._stop_listening()
        self._say_farewell()

    async def on_tick(self, counter: int) -> bool:
        is_empty = not (self._arriving or self.server_state.connections)
        return await super().on_tick(counter) or (self._is_draining and is_empty)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stop_listening()
        await super().shutdown([])

    def _stop_listening(self) -> None:
        asyncio.get_running_loop().remove_reader(self._listener)
        if self._yielding:
            self._yielding.cancel()

    def _say_farewell(self) -> None:
        for connection in list(self.server_state.connections):
            cast(PatientProtocol, connection).farewell()

    def _listen(self) -> None:
        asyncio.get_running_loop().add_reader(self._listener, self._notice)

    def _notice(self) -> None:
        """Somebody waits: take them, or let a worker with fewer callers be first."""
        self._crowd.note(len(self.server_state.connections) + len(self._arriving))
        if not self._crowd.has_fewer_elsewhere():
            self._take()
            return
        self._look_away(YIELD_S, self._take_after_all)

    def _look_away(self, seconds: float, then: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        self._yielding = loop.call_later(seconds, then)

    def _take_after_all(self) -> None:
        self._listen()
        self._take()

    def _take(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            caller, _ = self._listener.accept()
        except BlockingIOError:  # another worker was faster
            return
        except OSError as error:  # no file left, or the caller is gone already
            _log.warning("a caller could not be taken: %s", error)
            self._look_away(BREATH_S, self._listen)  # they still wait: do not spin on them
            return
        caller.setblocking(False)
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = loop.create_task(loop.connect_accepted_socket(self._protocol, caller))
        self._arriving.add(task)
        task.add_done_callback(self._arrived)

    def _arrived(self, task: asyncio.Task[Any]) -> None:
        self._arriving.discard(task)
        if self._is_draining:  # taken just before, and not yet among those who were told
            self._say_farewell()

    def _protocol(self) -> asyncio.Protocol:
        """As uvicorn makes one."""
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


async def serve(orders: Orders, ending: Ending) -> None:
    """Answer until SIGTERM, or until we cannot go on."""
    asyncio.get_running_loop().set_exception_handler(ending.hear)
    words = LastWords(socket.socket(fileno=orders.channel), orders.memory)
    async with open_services(orders, ending) as services:
        _ = services.issuing.passage  # made now, so that no caller waits for it
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
            timeout_keep_alive=int(services.limits.keep_alive_s),
            timeout_graceful_shutdown=FINISH_WITHIN_S,
        )
        crowd = Crowd(orders.crowd, place=orders.place, workers=orders.settings.worker_count)
        server = Server(config, socket.socket(fileno=orders.listener), crowd)
        ending.by(server.leave)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, server.drain)
        await server.serve()


def main() -> None:
    orders = receive_orders()
    gc.freeze()  # what the imports made stays for good: never look at it again
    gc.set_threshold(COLLECT_EVERY)
    keep_journal(CellFolder(orders.settings.data).logs, orders.name)
    bound_memory(orders.settings.worker_memory_mib)
    ending = Ending()
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(orders, ending))
    except Exception as failure:
        if not is_shortage(failure):
            raise
        ending.ask(SHORT_OF_MEMORY)
    if ending.why:
        sys.exit(CANNOT_GO_ON)


if __name__ == "__main__":
    main()
