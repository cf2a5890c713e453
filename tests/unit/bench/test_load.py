"""The load generator counts what succeeded, stops at the first failure, and hides no stall."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench.order import Order, Report
from tests.unit.bench.servers import Answer, Serving, chunked, created, serving, stalling

DRAFTS = [b'{"draft":1}', b'{"draft":22}', b'{"draft":333}']


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    path = tmp_path / "drafts"
    path.write_bytes(b"".join(draft + b"\n" for draft in DRAFTS))
    return path


def load(server: Serving, drafts: Path, **changes: Any) -> "subprocess.CompletedProcess[bytes]":
    order = Order(
        port=server.port,
        path="/v1/invoices",
        drafts=str(drafts),
        keys="k",
        connections=4,
        warm_s=0.1,
        measure_s=0.3,
    )
    order = msgspec.structs.replace(order, **changes)
    return subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=msgspec.json.encode(order) + b"\n",
        capture_output=True,
        timeout=30,
        check=False,
    )


def report_of(done: "subprocess.CompletedProcess[bytes]") -> Report:
    assert done.returncode == 0, done.stderr
    measuring, report = done.stdout.splitlines()
    assert measuring == b'{"phase":"measuring"}'
    return msgspec.json.decode(report, type=Report)


def test_every_draft_goes_round_under_a_key_of_its_own(drafts: Path) -> None:
    with serving(lambda *_: created()) as server:
        report = report_of(load(server, drafts, tokens=["t1", "t2"]))

    keys = [one.split(b"Idempotency-Key: ")[1].split(b"\r\n")[0] for one in server.requests]
    assert 0 < report.requests == report.latency.count == report.invoices < len(keys)
    assert len(set(keys)) == len(keys)
    assert {one.rpartition(b"\r\n\r\n")[2] for one in server.requests} == set(DRAFTS)
    assert {one.split(b"Bearer ")[1][:2] for one in server.requests} == {b"t1", b"t2"}


def test_a_hot_seller_is_one_draft_again_and_again(drafts: Path) -> None:
    with serving(lambda *_: created()) as server:
        report_of(load(server, drafts, sellers=1))

    assert {one.rpartition(b"\r\n\r\n")[2] for one in server.requests} == {DRAFTS[0]}


def test_a_batch_is_answered_line_by_line_in_chunks(drafts: Path) -> None:
    line = b'{"line":1,"status":201}\n'
    with serving(lambda *_: chunked(line * 3, line * 2)) as server:
        report = report_of(load(server, drafts, batch=5))

    assert report.invoices == 5 * report.requests > 0
    assert server.requests[0].count(b'"draft"') == 2 * 5  # the member, and in each draft of ours


PROBLEM = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
BAD_LINE = b'{"line":1,"status":201}\n{"line":2,"status":422,"problem":{}}\n'


@pytest.mark.parametrize(
    "answer, batch, why",
    [
        (lambda _, n: PROBLEM if n == 9 else created(), 0, "503 Service Unavailable"),
        (lambda _, n: b"" if n == 9 else created(), 0, "hung up"),
        (lambda *_: created() + created(), 0, "more than an answer"),
        (lambda *_: chunked(BAD_LINE), 2, "1 of 2 lines"),
    ],
)
def test_the_first_failure_ends_it_loudly(
    drafts: Path, answer: Answer, batch: int, why: str
) -> None:
    with serving(answer) as server:
        done = load(server, drafts, batch=batch, measure_s=20.0)

    assert done.returncode == 1
    assert why in done.stderr.decode()
    assert b"requests" not in done.stdout


def test_a_stall_is_felt_by_everyone_who_was_due_in_it(drafts: Path) -> None:
    """Coordinated omission would show one slow request in a hundred; here half of them wait."""
    with serving(stalling(after=100, seconds=0.5)) as server:
        report = report_of(load(server, drafts, rate=200.0, warm_s=0.0, measure_s=1.2))

    assert report.latency.ms(0.75) > 100
    assert report.latency.ms(0.2) < 100
    assert 200 < report.requests < 280


def test_it_ends_after_so_many_requests(drafts: Path) -> None:
    with serving(lambda *_: created()) as server:
        report = report_of(load(server, drafts, measure_s=20.0, max_requests=50))

    assert 50 <= report.requests <= 60
