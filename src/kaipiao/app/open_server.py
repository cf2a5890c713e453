"""Runs a small public service (a witness, a mirror) in this process until it is told to stop."""

import asyncio
import signal
import socket
from collections.abc import Callable

import uvicorn

from kaipiao.app.settings import SettingsWrong
from kaipiao.gateway.open_app import OpenApp

BACKLOG = 512
FINISH_WITHIN_S = 2


def listen(host: str, port: int) -> socket.socket:
    """Raises SettingsWrong: nobody can listen there."""
    try:
        info = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(info[4][:2], family=info[0], backlog=BACKLOG)
        # Every caller inherits it: without it an answer in two pieces waits 40 ms for its second.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise SettingsWrong(
            "port",
            f"{host}:{port}",
            zh=f"无法监听 {host}:{port}: {error.strerror}。"
            "请用 --port 换一个端口, 或 --port 0 任选。",
            en=f"cannot listen on {host}:{port}: {error.strerror}. Name another with --port, or "
            "--port 0 for any.",
        ) from None


def url_of(listener: socket.socket) -> str:
    """Where this machine finds it."""
    host, port = listener.getsockname()[:2]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  read, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


async def serve_openly(
    app: OpenApp, listener: socket.socket, *, stop: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Answer until ``stop``, or until one of the signals that end a program sets it."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    config = uvicorn.Config(
        app,
        http=app.protocol(),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(app.limits.keep_alive_s),
        timeout_graceful_shutdown=FINISH_WITHIN_S,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    stopping = asyncio.create_task(stop.wait())
    while not (server.started or serving.done()):
        await asyncio.sleep(0.01)
    ready()
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stop.set()
    stopping.cancel()
    await serving
