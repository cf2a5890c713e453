"""Connections for webhooks: a name is resolved once, and the address judged is the one dialled.

Whoever checks a name first and lets a library resolve it again has checked nothing: the second
answer may be another one (DNS rebinding).  Here the library never resolves; TLS still proves
the name.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore

from kaipiao.delivery.sending.targets import Network, TargetRefused, check_address

RESOLVERS = 32
"""Names being resolved at once; a name server that hangs holds one thread for a while."""

ADDRESSES_TRIED = 2
MAX_CONNECTIONS = 512
MAX_IDLE = 64
IDLE_S = 4.0
"""Kept open between two deliveries; shorter than the five seconds at which servers hang up."""


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses, and to those that the operator named."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._inner = httpcore.AnyIOBackend()
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolver")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = TargetRefused(f"{host} has no address")
        for address in (await self._resolve(host, port))[:ADDRESSES_TRIED]:
            check_address(address, self._networks)
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host}: {error}") from error
        return list(dict.fromkeys(str(one[4][0]) for one in found))


def _look_up(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def open_pool(networks: Sequence[Network]) -> httpcore.AsyncConnectionPool:
    """Connections to anywhere allowed; certificates are checked, redirects are not followed."""
    return httpcore.AsyncConnectionPool(
        ssl_context=ssl.create_default_context(),
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_IDLE,
        keepalive_expiry=IDLE_S,
        network_backend=GuardedNetwork(networks),
    )
