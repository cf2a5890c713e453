"""Witnesses on loopback: the real one behind a socket, and some that one would rather not meet."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

from kaipiao.evidence.cosignature import compose_line
from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.witness.memory import Memory, create_memory
from kaipiao.evidence.witness.roster import Roster, add_log
from kaipiao.evidence.witness.submission import parse_submission
from kaipiao.evidence.witness.witness import Witness
from kaipiao.ports import Clock
from tests.unit.evidence.witnessed import make_cosigner


class Standin:
    """A witness whose manners can be changed while it runs."""

    def __init__(self, name: str, folder: Path, log: VerifierKey, clock: Clock) -> None:
        self.cosigner = make_cosigner(name)
        self.manner = "honest"
        self.asked = 0
        self.shows_monitors = True
        folder.mkdir(parents=True, exist_ok=True)
        create_memory(folder / "memory", self.cosigner.key)
        self.memory = Memory(folder / "memory")
        add_log(folder / "logs", log)
        self.witness = Witness(
            cosigner=self.cosigner,
            memory=self.memory,
            roster=Roster(folder / "logs"),
            exhibits=Exhibits(folder / "exhibits"),
            clock=clock,
        )
        self.url = ""

    def add_checkpoint(self, body: bytes) -> tuple[int, bytes]:
        self.asked += 1
        if self.manner == "slow":
            time.sleep(1.5)
        if self.manner == "ill":
            return 500, b"<html>oops</html>"
        if self.manner == "refusing":
            return 403, b"We do not take your key.\n"
        if self.manner == "lying":
            return 200, self._lie(body).encode()
        answer = self.witness.add_checkpoint(body)
        if self.manner == "chatty":
            return int(answer.status), (answer.text + self._of_a_stranger(body)).encode()
        return int(answer.status), answer.text.encode()

    def _lie(self, body: bytes) -> str:
        """Its own name and key id, over a text it was never shown."""
        text = parse_submission(body).note.text.replace("\n", "\n1", 1)
        return compose_line(self.cosigner.cosign(text, seconds=1_800_000_000))

    def _of_a_stranger(self, body: bytes) -> str:
        text = parse_submission(body).note.text
        return compose_line(make_cosigner("stranger").cosign(text, seconds=1_800_000_000))

    def shown(self, origin_hash: str) -> tuple[int, bytes]:
        for origin, held in self.memory.all_held().items():
            if self.shows_monitors and sha256(origin.encode()).hexdigest() == origin_hash:
                return 200, held.note.encode()
        return 404, b""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self._answer(*self._standin.add_checkpoint(body))

    def do_GET(self) -> None:
        self._answer(*self._standin.shown(self.path.split("/")[1]))

    @property
    def _standin(self) -> Standin:
        return cast(Standin, self.server.standin)  # type: ignore[attr-defined]

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def on_loopback(standin: Standin) -> Iterator[Standin]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.standin = standin  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    standin.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield standin
    finally:
        server.shutdown()
        server.server_close()
        standin.memory.close()
