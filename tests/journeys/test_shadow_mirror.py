"""Calls are copied to a shadow as they come: slow, dead or lying, it is nothing to the callers, and
the report says what happened.

The shadow is made here: a cell that says what the real one says, altered when it is to lie.  It
takes longer than a few seconds: KAIPIAO_LONG_TESTS=1 runs it.
"""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from kaipiao.base.canonical import canonical
from kaipiao.continuity.cluster.route import find_envoy
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from tests.journeys.cells import KAIPIAO, Cell, environment, running, wait_until
from tests.journeys.test_cli_release import long_ones
from tests.strategies import SELLER, make_draft

OWN_KEY = "kp_0000_the-shadows-own"
SLOW_S = 3.0
PATIENT_S = 2.0
"""Far longer than a sale takes, and shorter than the shadow when it is slow."""

try:
    find_envoy()
except DatabaseWontStart as absent:
    pytest.skip(absent.en, allow_module_level=True)


class MadeShadow:
    """Answers what the cell answers; ``lie`` is told instead of the tax."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell.http()
        self.slow_s = 0.0
        self.lie: int | None = None
        self.tokens: set[str] = set()
        self.copied: list[str] = []
        self.callers: list[socket.socket] = []
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    def begin(self) -> None:
        shadow = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            STATUS: ClassVar = {"log_vkey": "shadow.invalid/log+0+0", "version": "made"}

            def setup(self) -> None:
                super().setup()
                shadow.callers.append(self.connection)

            def do_GET(self) -> None:
                if self.path.startswith("/v1/status"):
                    return self.say(200, self.STATUS)
                found = shadow.cell.get(self.path).json()
                for invoice in found["invoices"] if shadow.lie is not None else ():
                    invoice["totals"]["tax_fen"] = shadow.lie
                return self.say(200, found)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                shadow.tokens.add(self.headers["authorization"])
                if not self.headers["user-agent"].startswith("kaipiao-shadow"):
                    shadow.copied.append(self.headers["idempotency-key"])
                    time.sleep(shadow.slow_s)
                self.say(201, {})

            do_PUT = do_POST

            def say(self, status: int, told: Any) -> None:
                text = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Answer)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def end(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        while self.callers:  # whoever kept his connection finds nobody, too
            with suppress(OSError):
                self.callers.pop().shutdown(socket.SHUT_RDWR)


@contextmanager
def process(cell: Cell, *arguments: object) -> Iterator["subprocess.Popen[bytes]"]:
    command = [KAIPIAO, "shadow", *arguments, "--data", cell.folder]
    with (cell.folder / "shadow-said").open("ab") as said:
        begun = subprocess.Popen(
            list(map(str, command)), stdout=said, stderr=said, env=environment()
        )
    try:
        yield begun
    finally:
        begun.send_signal(signal.SIGTERM)
        begun.wait(30)


class Stage:
    """A cell behind the route, and a shadow that is asked."""

    def __init__(self, cell: Cell, shadow: MadeShadow, port: int) -> None:
        self.cell, self.shadow = cell, shadow
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {cell.key}", "content-type": "application/json"},
            timeout=30,
        )
        self.slowest_s = 0.0

    def sell(self, name: str, many: int) -> None:
        """Through the route; every one must be issued."""
        for n in range(many):
            began = time.monotonic()
            answer = self.http.post(
                "/v1/invoices",
                content=canonical(make_draft(n)),
                headers={"idempotency-key": f"{name}-{n}"},
            )
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            assert answer.status_code == 201, answer.text

    def told(self, word: str, *arguments: str) -> list[Any]:
        done = self.cell.run("shadow", word, "--json", *arguments, "--data", self.cell.folder)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def tally(self) -> dict[str, Any]:
        """What the run last noted."""
        try:
            path = self.cell.folder / "shadow/run-1/tally.json"
            return dict(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return {}


@pytest.fixture
def stage(scratch: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        cell = stack.enter_context(running(scratch / "cell", "--workers", "1"))
        cell.run("credit", "grant", SELLER.taxpayer_id, "1000000000.00")
        shadow = MadeShadow(cell)
        shadow.begin()
        stack.callback(shadow.end)
        key_file = scratch / "own-key"
        key_file.write_text(f"{OWN_KEY}\n")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        at = f"http://127.0.0.1:{shadow.port}"
        feed = ("start", "--at", at, "--key-file", key_file, "--since", 0, "--per-second", 1000)
        stack.enter_context(process(cell, "route", "--listen", f"127.0.0.1:{port}"))
        stack.enter_context(process(cell, *feed))
        made = Stage(cell, shadow, port)

        def answers() -> bool:
            try:
                return made.http.get("/healthz").status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers, 30, "the route does not answer")
        yield made


def until_copied(stage: Stage, name: str) -> None:
    """The switch takes a moment to arrive."""

    def is_so() -> bool:
        stage.sell(f"{name}-{time.monotonic_ns()}", 1)
        return any(key.startswith(name) for key in stage.shadow.copied)

    wait_until(is_so, 20, "nothing is copied")


@long_ones
def test_a_slow_a_dead_and_a_lying_shadow_are_nothing_to_the_callers(stage: Stage) -> None:
    shadow = stage.shadow
    stage.sell("unseen", 3)
    assert shadow.copied == [], "nothing is copied before somebody says so"
    wait_until(lambda: stage.tally().get("same", 0) >= 3, 30, "nothing is compared")
    assert stage.told("mirror", "--share", "100%")[0]["share"] == 1.0
    until_copied(stage, "switched")

    shadow.slow_s = SLOW_S
    stage.sell("slow", 60)
    assert stage.told("mirror")[0]["copied"]["left_out"] > 0, "32 wait, more are left out"
    shadow.slow_s = 0.0

    shadow.end()
    stage.sell("dead", 10)
    wait_until(lambda: stage.tally()["away"], 30, "nobody noticed")
    assert stage.told("status")[0]["away"]
    shadow.begin()
    assert stage.slowest_s < PATIENT_S

    shadow.lie = 1
    stage.sell("lie", 1)
    wait_until(lambda: stage.tally()["diverged"] > 0, 30, "the lie was believed")
    lie = stage.told("report")[-1]
    assert (lie["kind"], lie["there"]["totals"]["tax_fen"]) == ("content", 1)
    assert lie["here"]["totals"]["tax_fen"] > 1
    assert {"path": "/totals/tax_fen", "here": lie["here"]["totals"]["tax_fen"], "there": 1} in lie[
        "differences"
    ]

    # Nobody's token but its own: not on the copies, not in a file of the route.
    assert shadow.tokens == {f"Bearer {OWN_KEY}"}
    for file in (stage.cell.folder / "shadow" / "route").iterdir():
        if file.is_file():
            assert stage.cell.key not in file.read_text()
            assert OWN_KEY not in file.read_text()

    # Such a shadow is no version of this cell: it cannot be cut over to.
    done = stage.cell.run("shadow", "cut-over", "--data", stage.cell.folder)
    assert done.returncode == 1
    assert "ledger of its own" in done.stderr


@long_ones
def test_the_switch_drops_no_call_and_a_killed_route_comes_back(stage: Stage) -> None:
    for place, share in enumerate(("100%", "0.5%", "30%")):
        switching = threading.Thread(target=stage.told, args=("mirror", "--share", share))
        switching.start()
        count = 0
        while switching.is_alive():
            stage.sell(f"share-{place}-{count}", 1)
            count += 1
        switching.join()
    assert stage.told("mirror", "--off")[0]["share"] == 0
    held = (stage.cell.folder / "shadow/route/envoy.lock").read_text()
    os.kill(int(held), signal.SIGKILL)

    def sells_again() -> bool:
        try:
            stage.sell("again", 1)
        except httpx.TransportError:
            return False
        return True

    wait_until(sells_again, 30, "the route is gone")
    known = len(stage.shadow.copied)
    stage.sell("off", 20)
    assert len(stage.shadow.copied) == known, "switched off, and copied all the same"
