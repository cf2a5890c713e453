"""A real HTTP server on loopback that answers as it was told to, and remembers what was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import msgspec


class Asked(NamedTuple):
    method: str
    path: str
    key: str
    body: bytes


class Reply(NamedTuple):
    """``status`` 0 hangs up without a word; ``cut`` promises more bytes than are sent."""

    status: int
    body: bytes = b""
    retry_after: str = ""
    cut: bool = False


HANG_UP = Reply(0)


def problem(status: int, code: str, *, retryable: bool = False, retry_after: str = "") -> Reply:
    document = {"code": code, "zh": "中", "en": "en", "retryable": retryable, "status": status}
    return Reply(status, msgspec.json.encode(document), retry_after)


class Scripted:
    """Gives ``replies`` one after the other; the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.asked: list[Asked] = []
        self._replies = list(replies)

    def next(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


@contextmanager
def serving(script: Scripted) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("transfer-encoding") == "chunked":
                body = self._chunks()
            key = self.headers.get("idempotency-key") or ""
            reply = script.next(Asked(self.command, self.path, key, body))
            self.close_connection = True
            if reply.status:
                self.send_response(reply.status)
                self.send_header("content-length", str(len(reply.body) + 100 * reply.cut))
                if reply.retry_after:
                    self.send_header("retry-after", reply.retry_after)
                self.end_headers()
                self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
