"""An operator starts a cell, kills parts of it, stops it, and loses nothing."""

import json
import os
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import httpx
import msgspec
import pytest

from kaipiao.client.answers import Receipt
from kaipiao.client.client import Client
from kaipiao.client.retry import Budget
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.fiscal.sample import SELLERS, sample_drafts
from kaipiao.ledger.embedded.remove import remove_database
from tests.journeys.cells import (
    Cell,
    command_line,
    descendants,
    is_alive,
    kaipiao,
    running,
    wait_until,
)

CREDIT_FEN = 10**13


class LightLoad:
    """A seller who goes on selling, one invoice after the other, and keeps every receipt."""

    def __init__(self, cell: Cell, *, within_s: float = 20) -> None:
        self.receipts: list[Receipt] = []
        self.failures: list[Exception] = []
        self._client = Client(cell.url, cell.key, budget=Budget(within_s))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sell)

    def __enter__(self) -> "LightLoad":
        for seller in SELLERS:
            self._client.grant_credit(seller.taxpayer_id, CREDIT_FEN)
        self._thread.start()
        self.wait_for_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for_more(self, count: int = 5) -> None:
        wanted = len(self.receipts) + count
        wait_until(lambda: len(self.receipts) >= wanted or self.failures, 20, "no more receipts")

    def _sell(self) -> None:
        for n, draft in enumerate(sample_drafts(7)):
            if self._stop.is_set():
                return
            try:
                self.receipts.append(self._client.issue(draft, key=f"sale-{n}"))
            except Exception as failure:
                self.failures.append(failure)
                return
            time.sleep(0.002)


def assert_all_is_there(cell: Cell, receipts: list[Receipt]) -> None:
    """Every acknowledged invoice is found under its key, has one number, and is in the log."""
    vkey = (cell.folder / "secrets/log.vkey").read_text().strip()
    assert len({receipt.number for receipt in receipts}) == len(receipts)
    with Client(cell.url, cell.key) as client:
        for receipt in receipts:
            found = client.find_key(receipt.seller, receipt.key)
            assert found is not None
            assert (found.number, found.digest) == (receipt.number, receipt.digest)
            verdict = verify_receipt(client.receipt(receipt.number), vkey)
            assert verdict.is_genuine, verdict.faults


def started(*arguments: str) -> Iterator[Cell]:
    with tempfile.TemporaryDirectory(prefix="kaipiao-test-") as name:
        with running(Path(name), *arguments) as cell:
            yield cell
        remove_database(Path(name))


@pytest.fixture(scope="module")
def cell() -> Iterator[Cell]:
    """Shared: a test may break it, and finds it whole again."""
    yield from started("--workers", "2")


@pytest.fixture(scope="module")
def narrow() -> Iterator[Cell]:
    """With one worker, so that there can be none."""
    yield from started("--workers", "1")


def test_whatever_is_killed_comes_back_and_every_receipt_is_found_again(cell: Cell) -> None:
    checkpoint = cell.folder / "before.checkpoint"
    with LightLoad(cell) as load:
        checkpoint.write_text(cell.run("log", "checkpoint").stdout)
        for part in ("app.serve", "postgres", "app.work", "app.serve"):
            victim = cell.children(part)[0]
            os.kill(victim, signal.SIGKILL)
            wait_until(
                lambda part=part, victim=victim: set(cell.children(part)) - {victim},
                10,
                f"{part} did not come back",
            )
            load.wait_for_more()

    assert load.failures == []
    assert_all_is_there(cell, load.receipts)
    told = cell.run("log", "consistency", checkpoint, "--json")
    assert (told.returncode, json.loads(told.stdout)["consistent"]) == (0, True)
    assert "was killed by SIGKILL; starting it again" in cell.said()


def test_while_no_worker_lives_callers_are_told_to_come_back(narrow: Cell) -> None:
    def ask() -> httpx.Response:
        return httpx.get(f"{narrow.url}/v1/status", timeout=10)  # on a connection of its own

    os.kill(narrow.children("app.serve")[0], signal.SIGKILL)
    wait_until(lambda: not narrow.children("app.serve"), 2, "still there")
    answer = ask()
    wait_until(lambda: ask().status_code == 200, 10, "the worker did not come back")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    problem = answer.json()
    assert (problem["code"], problem["retryable"], problem["status"]) == ("unavailable", True, 503)


def test_a_stop_finishes_what_is_under_way_and_takes_less_than_five_seconds(
    scratch: Path,
) -> None:
    cell = Cell(scratch).wait_until_ready()
    below = descendants(cell.process.pid)
    drafts = list(islice(sample_drafts(1), 200))
    with Client(cell.url, cell.key, budget=Budget(0)) as client:
        for seller in SELLERS:
            client.grant_credit(seller.taxpayer_id, CREDIT_FEN)
        receipts = [client.issue(draft, key=f"k-{n}") for n, draft in enumerate(drafts)]

    assert cell.stop() < 5
    assert cell.process.returncode == 0
    assert not any(is_alive(pid) for pid in below)
    assert not cell.ready_file.exists()
    size = int((cell.folder / "evidence/checkpoint").read_text().splitlines()[1])
    assert size == len(receipts), "the last checkpoint covers all that was acknowledged"


def test_a_killed_supervisor_leaves_no_orphan_and_the_next_one_just_works(scratch: Path) -> None:
    first = Cell(scratch).wait_until_ready()
    below = descendants(first.process.pid)
    with LightLoad(first, within_s=0.5) as load:
        first.process.kill()
        first.process.wait()
    wait_until(lambda: not any(map(is_alive, below)), 8, str([*map(command_line, below)]))

    with running(scratch) as second:
        assert_all_is_there(second, load.receipts)


def test_two_supervisors_never_share_a_folder(cell: Cell) -> None:
    second = kaipiao("up", "--data", cell.folder, "--port", "0")

    assert second.returncode == 2
    assert f"process {cell.process.pid}" in second.stderr
    assert "--data" in second.stderr
    assert cell.http().get("/v1/status").status_code == 200


def test_a_taken_port_is_told_with_what_to_type(cell: Cell, scratch: Path) -> None:
    port = cell.url.rpartition(":")[2]
    other = kaipiao("up", "--data", scratch / "other", "--port", port)

    assert other.returncode == 2
    assert "--port 0" in other.stderr


def test_secrets_are_readable_by_their_owner_alone_and_in_no_argument_list(cell: Cell) -> None:
    for path in cell.folder.joinpath("secrets").rglob("*"):
        if path.suffix not in (".vkey", ".crt"):  # those are for everyone
            wanted = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    lines = [command_line(pid) for pid in (cell.process.pid, *descendants(cell.process.pid))]
    assert not any(cell.key in line or "postgresql://" in line for line in lines)
    told = json.loads(cell.ready_file.read_text())
    assert set(told) == {"url", "key_file", "pid", "data"}
    for log in cell.folder.joinpath("logs").iterdir():
        assert cell.key not in log.read_text()


def test_requests_under_way_in_a_killed_worker_get_a_problem_document(narrow: Cell) -> None:
    """The database stands still, so that an invoice is surely under way when its worker dies."""
    draft = next(iter(sample_drafts(5)))
    body = msgspec.json.encode(draft)
    with narrow.http() as http:
        for seller in SELLERS:
            limit = {"limit_fen": CREDIT_FEN}
            http.put(f"/v1/credit-lines/{seller.taxpayer_id}", json=limit).raise_for_status()
        database = [
            pid for pid in descendants(narrow.process.pid) if "postgres" in command_line(pid)
        ]
        heard: list[httpx.Response] = []

        def issue() -> None:
            headers = {"idempotency-key": "under-way", "content-type": "application/json"}
            heard.append(http.post("/v1/invoices", content=body, headers=headers))

        for pid in database:
            os.kill(pid, signal.SIGSTOP)
        try:
            caller = threading.Thread(target=issue)
            caller.start()
            time.sleep(0.3)
            os.kill(narrow.children("app.serve")[0], signal.SIGKILL)
            caller.join(5)
        finally:
            for pid in database:
                os.kill(pid, signal.SIGCONT)

        assert [answer.status_code for answer in heard] == [503]
        assert heard[0].headers["content-type"] == "application/problem+json"
        assert heard[0].json()["retryable"] is True
        with Client(narrow.url, narrow.key) as client:
            receipts = [client.issue(draft, key="under-way") for _ in range(2)]
        assert receipts[0].number == receipts[1].number


def test_callers_are_shared_out_among_the_workers(cell: Cell) -> None:
    logs = [cell.folder / f"logs/serve-{n}.access.log" for n in range(2)]
    wait_until(lambda: len(cell.children("app.serve")) == 2, 10, "a worker is missing")
    time.sleep(1.2)  # what was called before is written by now
    before = [*map(lines_of, logs)]
    callers = [cell.http() for _ in range(16)]
    for caller in callers:  # each keeps its connection
        caller.get("/v1/status").raise_for_status()

    def taken() -> list[int]:
        return [lines_of(log) - old for log, old in zip(logs, before, strict=True)]

    wait_until(lambda: sum(taken()) >= 16, 5, "calls are missing in the logs")
    for caller in callers:
        caller.close()
    assert min(taken()) >= 4, taken()


def lines_of(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0
