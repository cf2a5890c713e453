"""At the socket: what is not HTTP, what comes too slowly, and who hangs up."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kaipiao.gateway.limits import Limits
from tests.conftest import Database
from tests.gateway_bench import as_json, named
from tests.served import NARROW_BYTES, Served, serve
from tests.strategies import SELLER, lawful_draft

DRAFT = as_json(lawful_draft())
HASTY = Limits(header_timeout_s=0.5, body_timeout_s=0.5, max_header_bytes=8_192, keep_alive_s=1)


@pytest.fixture
def served(database: Database) -> Iterator[Served]:
    with serve(database.app, limits=HASTY) as served:
        yield served


def talk(served: Served, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """Send ``pieces`` and listen until the server hangs up."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break
            time.sleep(pause_s)
        heard = b""
        try:
            while more := connection.recv(65_536):
                heard += more
        except ConnectionResetError:
            pass
        return heard


def problem_of(heard: bytes) -> dict[str, Any]:
    head, _, body = heard.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert "content-type: application/problem+json" in lines
    assert f"content-length: {len(body)}" in lines
    problem: dict[str, Any] = json.loads(body)
    assert lines[0].startswith(f"http/1.1 {problem['status']} ")
    return problem


def request_of(body: bytes, token: str, key: str, *, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return (
        f"POST /v1/invoices HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
        f"idempotency-key: {key}\r\ncontent-type: application/json\r\n"
        f"content-length: {length}\r\n\r\n"
    ).encode() + body


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS at the wrong door
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost x\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_told_so(served: Served, noise: bytes) -> None:
    assert problem_of(talk(served, noise))["code"] == "not-http"


def test_headers_that_never_end(served: Served) -> None:
    drops = [b"GET /v1/status HTTP/1.1\r\n", *[b"x-a: b\r\n"] * 20]
    problem = problem_of(talk(served, *drops, pause_s=0.1))

    assert (problem["code"], problem["retryable"]) == ("body-too-slow", True)


def test_headers_without_measure(served: Served) -> None:
    lines = [b"x-a: " + b"b" * 4_000] * 4  # apart: what arrives with the first line is not counted
    problem = problem_of(talk(served, b"GET / HTTP/1.1\r\n", *lines, pause_s=0.05))

    assert problem["code"] == "headers-too-large"


def test_a_connection_that_says_nothing_is_closed(served: Served) -> None:
    began = time.monotonic()
    talk(served)

    assert time.monotonic() - began < 3


def test_a_body_that_never_comes_leaves_no_trace(served: Served) -> None:
    body = json.dumps(DRAFT).encode()
    for sent in (b"", body[:50], body[:-1]):
        began = time.monotonic()
        request = request_of(sent, served.token, "slow-1", length=len(body))
        heard = b""
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
            connection.sendall(request)
            while b"}" not in heard:
                heard += connection.recv(65_536)
        assert problem_of(heard)["code"] == "body-too-slow"
        assert time.monotonic() - began < 3
    assert looked_up(served, "slow-1") == []


def test_who_hangs_up_after_asking_has_asked(served: Served) -> None:
    """The request was whole and the key known: the answer waits under its key."""
    body = json.dumps(DRAFT).encode()
    assert looked_up(served, "gone-1") == []
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(request_of(body, served.token, "gone-1"))
    deadline = time.monotonic() + 5
    while not (found := looked_up(served, "gone-1")) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert len(found) == 1
    again = httpx.post(f"{served.url}/v1/invoices", json=DRAFT, headers=bearer(served, "gone-1"))
    assert (again.status_code, again.json()["number"]) == (200, found[0]["number"])


def test_who_hangs_up_while_asking_has_not_asked(served: Served) -> None:
    body = json.dumps(DRAFT).encode()
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(request_of(body[:-5], served.token, "cut-1", length=len(body)))
    time.sleep(0.2)

    assert looked_up(served, "cut-1") == []


def test_one_connection_serves_many_calls(served: Served) -> None:
    """Issuing and looking up, good and bad, large and small, one after the other."""
    with httpx.Client(base_url=served.url) as client:
        statuses = []
        for n in range(5):
            headers = bearer(served, f"sale-{n}")
            statuses += [
                client.post("/v1/invoices", json=DRAFT, headers=headers).status_code,
                client.post("/v1/invoices", json=DRAFT, headers=headers).status_code,
                client.post("/v1/invoices", content=b"{", headers=headers).status_code,
                client.get("/v1/keys", headers=headers).status_code,
                client.post("/v1/invoices", content=b" " * 9_000_000, headers=headers).status_code,
            ]

    assert statuses == [201, 200, 400, 200, 413] * 5


def test_requests_in_a_row_are_answered_in_a_row(served: Served) -> None:
    """HTTP/1.1 pipelining: nobody waits for an answer before asking again."""
    body = json.dumps(DRAFT).encode()
    asks = [request_of(body, served.token, f"row-{n}") for n in range(3)]
    last = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    heard = talk(served, b"".join(asks) + last)

    assert heard.count(b"HTTP/1.1 201 ") == 3
    assert [heard.find(f'"row-{n}"'.encode()) for n in range(3)] == sorted(
        heard.find(f'"row-{n}"'.encode()) for n in range(3)
    )
    assert heard.endswith(b"ok\n")


@pytest.mark.parametrize("way", ["express", "long"])
def test_noise_behind_a_request_is_not_its_answer(served: Served, way: str) -> None:
    """Answers come in order, so a no to the second would be taken for a no to the first."""
    ask = request_of(json.dumps(DRAFT).encode(), served.token, "noise")
    if way == "long":
        ask = f"GET /v1/keys HTTP/1.1\r\nauthorization: Bearer {served.token}\r\n\r\n".encode()
    heard = talk(served, ask + b"\x16\x03\x01 noise\r\n\r\n")

    assert heard == b"" or heard.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200"))
    assert b"not-http" not in heard


def test_many_requests_in_one_piece_are_no_large_headers(served: Served) -> None:
    """The piece ends somewhere within headers, and is longer than headers may be."""
    body = json.dumps(DRAFT).encode()
    asks = b"".join(request_of(body, served.token, f"many-{n}") for n in range(30))
    last = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    assert len(asks) > HASTY.max_header_bytes
    heard = talk(served, asks + last[:30], last[30:], pause_s=0.1)

    assert heard.count(b"HTTP/1.1 201 ") == 30
    assert heard.endswith(b"ok\n")


def test_a_batch_is_answered_to_a_client_that_reads_last(served: Served) -> None:
    """Neither what is sent nor what is answered fits between us, and nobody waits for ever."""
    lines = b"".join(
        json.dumps({"key": f"b-{n}", "draft": DRAFT}).encode() + b"\n" for n in range(1_000)
    )
    head = (
        f"POST /v1/invoices:batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {served.token}\r\n"
        f"content-type: application/x-ndjson\r\ncontent-length: {len(lines)}\r\n"
        "connection: close\r\n\r\n"
    )
    with socket.socket() as connection:
        for side in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            connection.setsockopt(socket.SOL_SOCKET, side, NARROW_BYTES)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(head.encode() + lines)
        heard = b""
        while more := connection.recv(65_536):
            heard += more

    assert heard.count(b'"status":201') == 1_000
    assert heard.endswith(b"0\r\n\r\n")


def bearer(served: Served, key: str | None = None) -> dict[str, str]:
    headers = {"authorization": f"Bearer {served.token}"}
    return headers | (named(key) if key else {})


def looked_up(served: Served, key: str) -> list[Any]:
    answer = httpx.get(
        f"{served.url}/v1/invoices",
        params={"seller": SELLER.taxpayer_id, "key": key},
        headers=bearer(served),
    )
    return list(answer.json()["invoices"])
