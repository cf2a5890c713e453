"""Connections for webhooks: a name is resolved once, and the address judged is the one dialled.

Whoever checks a name first and lets a library resolve it again has checked nothing: the second
answer may be another one (DNS rebinding).  Here the library never resolves; TLS still proves
the name.
"""

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore

from kaipiao.delivery.sending.targets import Network, TargetRefused, check_address

RESOLVERS = 32
"""Names being resolved at once; a name server that hangs holds one thread for a while."""

ADDRESSES_TRIED = 2
MAX_POOLS = 256
"""Lanes whose connections are kept for the next delivery."""

POOL_CONNECTIONS = 8
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

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

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


class Pools:
    """Connections to anywhere allowed, a small pool for each lane.

    One pool for all would look through all of its connections at every call.  Certificates are
    checked; redirects are not followed.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self._network = GuardedNetwork(networks)
        self._tls = ssl.create_default_context()
        self._pools: OrderedDict[str, httpcore.AsyncConnectionPool] = OrderedDict()

    async def __aenter__(self) -> "Pools":
        return self

    async def __aexit__(self, *_: object) -> None:
        for pool in self._pools.values():
            await pool.aclose()
        self._network.close()

    async def of_lane(self, lane: str) -> httpcore.AsyncConnectionPool:
        pool = self._pools.get(lane)
        if pool is None:
            pool = self._pools[lane] = self._open()
        self._pools.move_to_end(lane)
        if len(self._pools) > MAX_POOLS:
            await self._close_oldest()
        return pool

    async def _close_oldest(self) -> None:
        lane, pool = next(iter(self._pools.items()))
        if all(one.is_idle() or one.is_closed() for one in pool.connections):
            del self._pools[lane]
            await pool.aclose()

    def _open(self) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            ssl_context=self._tls,
            max_connections=POOL_CONNECTIONS,
            max_keepalive_connections=POOL_CONNECTIONS,
            keepalive_expiry=IDLE_S,
            network_backend=self._network,
        )
