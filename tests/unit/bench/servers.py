"""Small HTTP servers that behave in one particular way, for a load to be put on."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from bench.wire import length_of

Answer = Callable[[bytes, int], bytes]
"""From a request and its number to the bytes of the answer; none: hang up."""


def created(body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def chunked(*chunks: bytes) -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


class Serving:
    """A server on a thread: one caller after another's request, in the order of arrival."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._turn = threading.Lock()
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []

    def run(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller:
            caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            buffer = b""
            while data := _receive(caller):
                buffer += data
                if length_of(buffer) != len(buffer):
                    continue
                with self._turn:
                    self.requests.append(buffer)
                    answer = self._answer(buffer, len(self.requests))
                buffer = b""
                if not answer:
                    return
                with suppress(OSError):  # the load may have seen enough
                    caller.sendall(answer[: len(answer) // 2])
                    caller.sendall(answer[len(answer) // 2 :])

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _receive(caller: socket.socket) -> bytes:
    try:
        return caller.recv(65_536)
    except OSError:
        return b""


@contextmanager
def serving(answer: Answer) -> Iterator[Serving]:
    server = Serving(answer)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield server
    finally:
        server.close()


def stalling(after: int, seconds: float) -> Answer:
    """At once, but for one request that everyone behind it waits for."""

    def answer(_: bytes, number: int) -> bytes:
        if number == after:
            time.sleep(seconds)
        return created()

    return answer
