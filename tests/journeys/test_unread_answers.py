"""Callers who ask and never read: each is bounded, all of them are, and others are served."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import httpx
import pytest

from kaipiao.gateway.limits import KIB, Limits
from tests.conftest import Database
from tests.gateway_bench import as_json
from tests.served import NARROW_BYTES, Served, serve
from tests.strategies import lawful_draft

DRAFT = as_json(lawful_draft())
LINES = 1_000
MANY = 3_000
NARROW = Limits(
    batch_chunk_lines=50, max_unsent_bytes=400 * KIB, max_unsent_total_bytes=1_000 * KIB
)
"""Room for two callers who do not read, and not for a third."""


@pytest.fixture
def served(database: Database) -> Iterator[Served]:
    with serve(database.app, limits=NARROW) as served:
        yield served


def batch(name: str, lines: int) -> bytes:
    each = ({"key": f"{name}-{n}", "draft": DRAFT} for n in range(lines))
    return b"".join(json.dumps(one).encode() + b"\n" for one in each)


def silent_caller(served: Served, name: str, lines: int) -> socket.socket:
    """Sends a batch as far as it is taken, and reads nothing."""
    body = batch(name, lines)
    head = (
        f"POST /v1/invoices:batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {served.token}\r\n"
        f"content-type: application/x-ndjson\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    caller = socket.socket()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)
    caller.connect(("127.0.0.1", served.port))
    caller.settimeout(1.0)
    with suppress(TimeoutError):  # it reads no more from who does not read
        caller.sendall(head.encode() + body)
    return caller


def ask(served: Served, lines: bytes) -> httpx.Response:
    headers = {
        "authorization": f"Bearer {served.token}",
        "content-type": "application/x-ndjson",
    }
    url = f"{served.url}/v1/invoices:batch"
    return httpx.post(url, content=lines, headers=headers, timeout=60)


def test_when_too_much_is_unread_new_batches_are_told_to_come_back(served: Served) -> None:
    silent = [silent_caller(served, f"s{n}", MANY) for n in range(2)]
    refused = until(503, served, batch("new", 5))
    sale = httpx.post(
        f"{served.url}/v1/invoices",
        json=DRAFT,
        headers={"authorization": f"Bearer {served.token}", "idempotency-key": "till"},
    )

    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert sale.status_code == 201, "a till waits for nobody's batch"
    for caller in silent:
        caller.close()
    answer = until(200, served, batch("other", 5))
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [201] * 5


def until(status: int, served: Served, lines: bytes) -> httpx.Response:
    deadline = time.monotonic() + 30
    while (answer := ask(served, lines)).status_code != status and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


def all_that_comes(caller: socket.socket) -> bytes:
    heard = b""
    caller.settimeout(10)
    with suppress(ConnectionResetError):
        while piece := caller.recv(65_536):
            heard += piece
    return heard


def test_a_line_on_which_nothing_is_read_is_cut_and_its_keys_find_what_was_done(
    database: Database,
) -> None:
    limits = Limits(batch_chunk_lines=50, unread_timeout_s=0.5)
    with serve(database.app, limits=limits) as served:
        with closing(silent_caller(served, "cut", LINES)) as caller:
            time.sleep(2.5)
            heard = all_that_comes(caller)
        again = ask(served, batch("cut", LINES))
        statuses = [json.loads(line)["status"] for line in again.text.splitlines()]

    assert 0 < heard.count(b'"status":201') < LINES, "it was not cut"
    assert statuses[: statuses.count(200)] == [200] * statuses.count(200)
    assert statuses.count(200) >= heard.count(b'"status":201')
    assert statuses.count(200) + statuses.count(201) == LINES


def test_who_reads_slowly_is_answered_to_the_end(database: Database) -> None:
    limits = Limits(batch_chunk_lines=50, unread_timeout_s=2.0)
    with (
        serve(database.app, limits=limits) as served,
        closing(silent_caller(served, "slow", LINES)) as caller,
    ):
        heard = b""
        while b"\r\n0\r\n\r\n" not in heard[-20:]:
            time.sleep(0.04)
            heard += (piece := caller.recv(4_096))
            assert piece, "cut off"

    assert heard.count(b'"status":201') == LINES
