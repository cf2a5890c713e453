"""A vendor of our protocol (``remote.py``) as a program: for trials and drills, or as a signing
desk of your own on a machine that holds nothing else.

For drills it misbehaves on command: the file ``behaviour`` in its folder holds one of the words
of ``BEHAVIOURS``, and is read at every call.
"""

import hmac
import os
import secrets
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from kaipiao.base.secret_file import read_secret, write_secret
from kaipiao.fiscal.seal import parse_statement
from kaipiao.seal.remote import PATH, SealAnswer, SealAsk

SECRET_NAME = "vendor.secret"  # noqa: S105  the name of the file
BEHAVIOUR_NAME = "behaviour"
BEHAVIOURS = {
    "honest": "signs",
    "slow": "signs after 20 seconds",
    "failing": "answers 500",
    "wrong": "answers 200 with what is no signature list",
    "lying": "answers with signatures that its key never made",
    "dead": "hangs up without an answer",
}
SLOW_S = 20.0
BODY_BYTES_MAX = 1 << 20
STATEMENTS_MAX = 1_000
REMEMBERED = 1_000
"""Questions whose answer is given again to whoever asks again."""

Sign = Callable[[bytes], bytes]


class Counts(msgspec.Struct):
    """Since it started.  A question asked again is asked, and signed no second time."""

    asked: int = 0
    signed: int = 0  # statements


class Counter(ThreadingHTTPServer):
    """Listens from the moment it is made; ``serve_forever`` answers."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], folder: Path, *, sign: Sign, certificate: bytes
    ) -> None:
        super().__init__(address, _Call)
        self.certificate = certificate
        self.counts = Counts()
        self._folder = folder
        self._sign = sign
        self._secret = read_secret(folder / SECRET_NAME, chars_max=1_024).strip()
        self._answers: OrderedDict[str, list[bytes]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def behaviour(self) -> str:
        try:
            word = (self._folder / BEHAVIOUR_NAME).read_text("ascii").strip()
        except FileNotFoundError:
            return "honest"
        return word if word in BEHAVIOURS else "honest"

    def knows(self, authorization: str) -> bool:
        expected = f"Bearer {self._secret}"
        return hmac.compare_digest(authorization.encode(), expected.encode())

    def answer(self, ask: SealAsk, ask_id: str) -> SealAnswer:
        """Raises ValueError: one of them is no statement; nothing is signed."""
        for statement in ask.statements:
            parse_statement(statement.encode())
        with self._lock:
            self.counts.asked += 1
            signatures = self._answers.get(ask_id)
            if signatures is None:
                signatures = [self._sign(one.encode()) for one in ask.statements]
                self.counts.signed += len(signatures)
                self._remember(ask_id, signatures)
        if self.behaviour == "lying":
            signatures = [os.urandom(len(one)) for one in signatures]
        return SealAnswer(self.certificate, signatures)

    def handle_error(self, request: object, client_address: object) -> None:
        """Who hung up before our answer needs no traceback; anything else gets one."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def _remember(self, ask_id: str, signatures: list[bytes]) -> None:
        if ask_id:
            self._answers[ask_id] = signatures
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Counter

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return None
        if self.path != PATH:
            return self._say(404, {"error": "no-such-path"})
        if not self.server.knows(self.headers.get("authorization", "")):
            return self._say(401, {"error": "not-authenticated"})
        behaviour = self.server.behaviour
        if behaviour == "dead":
            self.close_connection = True
            return None
        if behaviour == "failing":
            return self._say(500, {"error": "failing, as it was told"})
        if behaviour == "wrong":
            return self._say(200, {"signatures": "wrong, as it was told"})
        if behaviour == "slow":
            time.sleep(SLOW_S)
        return self._seal(body)

    def do_GET(self) -> None:
        self._say(200, self.server.counts)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: statements are nobody's business."""

    def _body(self) -> bytes | None:
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self._say(413, {"error": "body-too-large"})
            return None
        return self.rfile.read(int(length))

    def _seal(self, body: bytes) -> None:
        try:
            ask = msgspec.json.decode(body, type=SealAsk)
            if len(ask.statements) > STATEMENTS_MAX:
                raise ValueError(f"more than {STATEMENTS_MAX} statements")
            answer = self.server.answer(ask, self.headers.get("idempotency-key", ""))
        except ValueError as error:  # of msgspec, too
            return self._say(400, {"error": str(error)})
        return self._say(200, answer)

    def _say(self, status: int, content: object) -> None:
        body = msgspec.json.encode(content)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def ensure_secret(folder: Path) -> Path:
    """The file with the secret that callers must know, made now if there is none."""
    path = folder / SECRET_NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_secret(path, secrets.token_urlsafe(32) + "\n")
    return path
