"""The listening socket of a cell.  It outlives every worker; children inherit it."""

import asyncio
import socket

from kaipiao.app.settings import Settings, SettingsWrong

BACKLOG = 2048


async def bind(settings: Settings, *, patience_s: float) -> socket.socket:
    """The listening socket.  It outlives every worker; children inherit it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while True:
        try:
            return _bind_once(settings)
        except OSError as error:
            if loop.time() >= deadline or not settings.port:
                port = settings.port
                raise SettingsWrong(
                    "port",
                    f"{settings.host}:{port}",
                    zh=f"无法监听: {error.strerror}。请用 --port 换一个端口, 或 --port 0 任选。",
                    en=f"cannot listen: {error.strerror}. Name another with --port, or "
                    "--port 0 for any.",
                ) from None
        await asyncio.sleep(0.1)


def _bind_once(settings: Settings) -> socket.socket:
    info = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(info[0], socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(info[4])
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
