"""Callers who send most of a large body and then nothing: their sum is bounded, tills go on."""

import json
import re
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from kaipiao.gateway.limits import KIB, Limits
from tests.conftest import Database
from tests.gateway_bench import as_json
from tests.served import Served, serve
from tests.strategies import lawful_draft

DRAFT = as_json(lawful_draft())
HOARD_BYTES = 200 * KIB
NARROW = Limits(max_arriving_bytes=500 * KIB, body_timeout_s=60)
"""Room for two who hoard, and not for a third."""


@pytest.fixture
def served(database: Database) -> Iterator[Served]:
    with serve(database.app, limits=NARROW) as served:
        yield served


def hoarder(served: Served, path: str, kind: str) -> socket.socket:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {served.token}\r\n"
        f"idempotency-key: h\r\ncontent-type: {kind}\r\ncontent-length: {HOARD_BYTES + 1}\r\n\r\n"
    )
    caller = socket.create_connection(("127.0.0.1", served.port), timeout=10)
    caller.sendall(head.encode() + b" " * HOARD_BYTES)
    return caller


@pytest.mark.parametrize(
    "path, kind",
    [
        ("/v1/invoices", "application/json"),
        ("/v1/invoices:batch", "application/x-ndjson"),
        ("/v1/confirmations", "application/json"),
    ],
)
def test_one_too_many_is_told_to_come_back(served: Served, path: str, kind: str) -> None:
    with ExitStack() as open_:
        callers = [open_.enter_context(hoarder(served, path, kind)) for _ in range(3)]
        told = told_busy(callers)
        for n in range(3):
            headers = {"authorization": f"Bearer {served.token}", "idempotency-key": f"till-{n}"}
            sale = httpx.post(f"{served.url}/v1/invoices", json=DRAFT, headers=headers)
            assert sale.status_code == 201
    again = hoarder(served, path, kind)
    again.sendall(b" ")  # the last byte: now it is whole, and what is in it is looked at
    assert b"busy" not in again.recv(65_536)
    again.close()

    assert told.startswith(b"HTTP/1.1 503 ")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "busy"


def told_busy(callers: list[socket.socket]) -> bytes:
    """What the one of them hears who is told something."""
    heard, _, _ = select.select(callers, [], [], 20)
    assert len(heard) == 1
    answer = b""
    while not is_whole(answer):
        answer += (piece := heard[0].recv(65_536))
        assert piece, answer
    return answer


def is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return length is not None and len(body) == int(length[1])
