"""The load generator: one process, one thread, epoll over plain sockets, no event loop.

It must not be what is measured, so a request costs it one write, one read and a few splices of
bytes; what that comes to is measured too, against a server that does nothing (``raw.py``).

    closed loop   every connection asks again as soon as it is answered: the most a stack can do
    open loop     requests fall due at random moments of a given rate; a latency counts from when
                  the request was due, sent or not, so a stall is not left out

It reads one order (JSON) from its standard input and writes lines of JSON: ``measuring`` when
the warm-up is over, then the report.  The first answer that is no success ends it, loudly.
"""

import gc
import os
import select
import socket
import sys
from collections import deque
from collections.abc import Iterator
from random import Random
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, sleep

import msgspec

from bench.histogram import Histogram
from bench.order import Order, Report
from bench.wire import compose_batch, head_of, is_success, length_of, single_parts

READ_BYTES = 16_384
"""Small enough that making room for it costs nothing; a longer answer comes in pieces."""
BURST = 64
"""In the open loop at most so many requests are sent before we look for answers again."""
SHORTEST_SLEEP_S = 50e-6
CONNECT_WITHIN_S = 5.0
CONNECT_PAUSE_S = 0.5e-3
"""Callers do not come all at once; in a rush the first process to wake would take them all."""
SILENCE_S = 20.0
"""No answer at all for so long: the stack is dead."""


class LoadFailed(Exception):
    """The stack answered something else than success, or hung up."""


class Connection:
    __slots__ = ("buffer", "due", "head", "socket", "unsent")

    def __init__(self, sock: socket.socket, head: bytes) -> None:
        self.socket = sock
        self.head = head
        self.buffer = b""
        self.unsent = b""
        self.due = 0.0


class Generator:
    """Sends what ``order`` says."""

    def __init__(self, order: Order) -> None:
        with open(order.drafts, "rb") as file:
            drafts = file.read().splitlines()
        self._order = order
        self._drafts = drafts[: order.sellers] if order.sellers else drafts
        self._epoll = select.epoll()
        self._sent = self._answered = 0
        self._latencies: list[float] = []
        self._late: list[float] = []
        self._requests = self._batches() if order.batch else self._singles()
        self._by_fd = {one.socket.fileno(): one for one in self._connect()}

    def _connect(self) -> Iterator[Connection]:
        order = self._order
        host = f"{order.host}:{order.port}"
        media_type = "application/x-ndjson" if order.batch else "application/json"
        tokens = order.tokens or [""]
        heads = [head_of(order.path, host=host, media_type=media_type, token=one) for one in tokens]
        for place in range(order.connections):
            sock = socket.create_connection((order.host, order.port), CONNECT_WITHIN_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
            self._epoll.register(sock.fileno(), select.EPOLLIN)
            sleep(CONNECT_PAUSE_S)
            yield Connection(sock, heads[place % len(heads)])

    # ---- what is asked ----

    def _singles(self) -> Iterator[tuple[bytes, bytes]]:
        """For ever: what comes after the head of a connection, in two pieces."""
        tails = single_parts(b"", self._drafts).tails
        prefix = b"Idempotency-Key: " + self._order.keys.encode()
        number = 0
        while True:
            for tail in tails:
                number += 1
                yield b"%b%09d" % (prefix, number), tail

    def _batches(self) -> Iterator[tuple[bytes, bytes]]:
        prefix, number, size = self._order.keys.encode(), 0, self._order.batch
        endless = (draft for _ in iter(int, 1) for draft in self._drafts)
        while True:
            lines = []
            for draft in endless:
                number += 1
                lines.append((b"%b%09d" % (prefix, number), draft))
                if len(lines) == size:
                    break
            yield b"", compose_batch(b"", lines)

    # ---- sending and reading ----

    def _send(self, connection: Connection) -> None:
        first, second = next(self._requests)
        request = b"".join((connection.head, first, second))
        self._sent += 1
        sent = connection.socket.send(request)
        if sent < len(request):
            connection.unsent = request[sent:]
            self._epoll.modify(connection.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _send_rest(self, connection: Connection) -> None:
        sent = connection.socket.send(connection.unsent)
        connection.unsent = connection.unsent[sent:]
        if not connection.unsent:
            self._epoll.modify(connection.socket.fileno(), select.EPOLLIN)

    def _is_answered(self, connection: Connection) -> bool:
        """Read; whether the answer is whole.

        Raises:
            LoadFailed
        """
        data = connection.socket.recv(READ_BYTES)
        if not data:
            raise LoadFailed("the stack hung up")
        if connection.buffer:
            data = connection.buffer + data
        length = length_of(data)
        if length != len(data):
            if 0 <= length < len(data):
                raise LoadFailed(f"more than an answer: {data[:400]!r}")
            connection.buffer = data
            return False
        connection.buffer = b""
        if not is_success(data):
            raise LoadFailed(data[:2_000].decode("utf-8", "replace"))
        if self._order.batch:
            self._check_batch(data)
        return True

    def _check_batch(self, data: bytes) -> None:
        good = data.count(b'"status":201')
        if good != self._order.batch:
            why = data[max(0, data.find(b'"problem"') - 100) :][:2_000]
            raise LoadFailed(f"{good} of {self._order.batch} lines: {why!r}")

    def _events(self, timeout_s: float) -> Iterator[Connection]:
        """Connections whose answers are whole."""
        for fd, event in self._epoll.poll(timeout_s):
            connection = self._by_fd[fd]
            if event & select.EPOLLOUT:
                self._send_rest(connection)
            if event & ~select.EPOLLOUT and self._is_answered(connection):
                yield connection

    # ---- the two loops ----

    def run(self) -> Report:
        """Warm up, measure, report.

        Raises:
            LoadFailed
        """
        loop = self._open if self._order.rate else self._closed
        step = loop()
        self._until(step, self._order.warm_s, self._order.max_requests)
        self._latencies, self._late, before = [], [], self._answered
        print('{"phase":"measuring"}', flush=True)
        usage, began = getrusage(RUSAGE_SELF), perf_counter()
        self._until(step, self._order.measure_s, self._order.max_requests)
        seconds, spent = perf_counter() - began, getrusage(RUSAGE_SELF)
        requests = self._answered - before
        return Report(
            requests=requests,
            invoices=requests * (self._order.batch or 1),
            seconds=seconds,
            latency=Histogram.of(self._latencies),
            late_p99_ms=Histogram.of(self._late).ms(0.99),
            user_us=(spent.ru_utime - usage.ru_utime) / max(requests, 1) * 1e6,
            system_us=(spent.ru_stime - usage.ru_stime) / max(requests, 1) * 1e6,
        )

    def _until(self, step: Iterator[None], seconds: float, requests: int) -> None:
        """Go on for so long, or for so many answers."""
        end, last, answered = perf_counter() + seconds, perf_counter(), self._answered
        first = answered
        for _ in step:
            now = perf_counter()
            if self._answered != answered:
                last, answered = now, self._answered
            elif now - last > SILENCE_S:
                raise LoadFailed(f"no answer for {SILENCE_S} s")
            if now >= end or answered - first >= requests:
                return

    def _closed(self) -> Iterator[None]:
        for connection in self._by_fd.values():
            connection.due = perf_counter()
            self._send(connection)
        while True:
            latencies = self._latencies
            for connection in self._events(1.0):
                now = perf_counter()
                latencies.append(now - connection.due)
                self._answered += 1
                connection.due = now
                self._send(connection)
            yield

    def _open(self) -> Iterator[None]:
        gap = Random(17).expovariate  # noqa: S311  the same moments every time
        rate, free, due = self._order.rate, deque(self._by_fd.values()), perf_counter()
        free_since = due  # a request that no connection was free for is late by the stack's fault
        while True:
            for _ in range(BURST):
                now = perf_counter()
                if due > now or not free:
                    break
                connection = free.popleft()
                connection.due = due
                self._late.append(now - max(due, free_since))
                self._send(connection)
                due += gap(rate)
            wait_s = due - perf_counter() if free else 1.0
            if wait_s > SHORTEST_SLEEP_S:  # epoll itself can only wait whole milliseconds
                select.select([self._epoll], [], [], wait_s)
            for connection in self._events(0):
                now = perf_counter()
                self._latencies.append(now - connection.due)
                self._answered += 1
                if not free:
                    free_since = now
                free.append(connection)
            yield


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    generator = Generator(order)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        report = generator.run()
    except (LoadFailed, OSError, ValueError) as failure:
        print(f"load: {failure}", file=sys.stderr, flush=True)
        os._exit(1)  # thousands of sockets need no farewell
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
