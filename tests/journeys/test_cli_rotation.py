"""An operator gives the log new keys, while sellers issue; old receipts and old keys stay good."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kaipiao.base.canonical import canonical
from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint
from kaipiao.evidence.note import Standing, VerifierKey, parse_note, parse_vkey
from kaipiao.evidence.reader import TileReader
from kaipiao.evidence.signing.change import announcement_leaf
from tests.journeys.cells import Cell, kaipiao, running, wait_until
from tests.strategies import SELLER, make_draft

LOG = "kaipiao.example/31-1"
NEXT = f"{LOG}/2027q1"


@pytest.fixture
def cell(scratch: Path) -> Iterator[Cell]:
    with running(scratch / "cell", "--workers", "2", "--log-origin", LOG) as started:
        yield started


def issue(http: httpx.Client, n: int) -> str:
    answer = http.post(
        "/v1/invoices",
        content=canonical(make_draft(n)),
        headers={"Idempotency-Key": f"sale-{n}", "Content-Type": "application/json"},
    )
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["number"])


def receipt_of(cell: Cell, http: httpx.Client, number: str, to: Path) -> Path:
    path = f"/v1/invoices/{number}/receipt"
    wait_until(lambda: http.get(path).status_code == 200, 20, "no receipt")
    to.write_bytes(http.get(path).content)
    return to


def checkpoint_of(text: str, key: VerifierKey) -> Checkpoint:
    note = parse_note(text)
    assert key.standing(note) is Standing.SIGNED
    return parse_checkpoint(note.text)


class Seller(threading.Thread):
    """Issues one invoice after another, and remembers every answer that was none."""

    def __init__(self, http: httpx.Client) -> None:
        super().__init__()
        self.http, self.done, self.failed = http, 0, []
        self.is_over = False

    def run(self) -> None:
        while not self.is_over:
            try:
                issue(self.http, 100 + self.done)
                self.done += 1
            except (AssertionError, httpx.HTTPError) as error:
                self.failed.append(repr(error))
            time.sleep(0.05)


def test_keys_change_under_running_sales_and_nothing_said_before_is_lost(
    cell: Cell, tmp_path: Path
) -> None:
    kaipiao("credit", "grant", SELLER.taxpayer_id, "100000000.00", env=cell.environment)
    with cell.http() as http:
        read = lambda name: http.get(f"/log/{name}")  # noqa: E731
        old = parse_vkey(read("log.vkey").text)
        first = receipt_of(cell, http, issue(http, 0), tmp_path / "first.txt")
        before = checkpoint_of(read("checkpoint").text, old)
        assert_three_signatures(read("checkpoint").text, read("log.vkeys").text, LOG)

        seller = Seller(cell.http())
        seller.start()
        prepared = kaipiao(
            "log", "rotate", "--data", cell.folder, "--origin", NEXT, "--prepare", "--json"
        )
        assert prepared.returncode == 0, prepared.stderr
        assert read("log.vkey").text.strip() == str(old)
        rotated = kaipiao("log", "rotate", "--data", cell.folder, "--origin", NEXT, "--json")
        assert rotated.returncode == 0, rotated.stderr
        new = parse_vkey(json.loads(rotated.stdout)["newest"]["vkeys"][0])
        assert str(new) == json.loads(prepared.stdout)["vkeys"][0], "announced beforehand"
        wait_until(lambda: read("checkpoint").text.startswith(f"{NEXT}\n"), 30, cell.said())
        wait_until(lambda: read("log.vkey").text.strip() == str(new), 30, "servers know no new key")
        last = receipt_of(cell, http, issue(http, 1), tmp_path / "last.txt")
        time.sleep(0.5)
        seller.is_over = True
        seller.join()

        assert not seller.failed
        assert seller.done > 5
        for receipt, key in ((first, old), (last, new)):
            verified = kaipiao("verify", receipt, "--log-key", str(key))
            assert verified.returncode == 0, verified.stdout + verified.stderr
            judged = http.post(
                "/v1/verify", content=receipt.read_bytes(), headers={"Content-Type": "text/plain"}
            )
            assert judged.json()["genuine"], judged.text
        assert kaipiao("verify", last, "--log-key", str(old)).returncode == 1

        wait_until(lambda: _is_level(read, old, new), 10, "the former origin fell behind")
        assert_three_signatures(read("checkpoint").text, read("log.vkeys").text, NEXT)
        now = checkpoint_of(read("checkpoint").text, new)
        assert now.size > before.size
        assert_announced(read, old, new, now)
    listed = json.loads(kaipiao("log", "keys", "--json", env=cell.environment).stdout)
    assert [one["origin"] for one in listed] == [LOG, NEXT]
    again = kaipiao("log", "rotate", "--data", cell.folder, "--origin", LOG)
    assert again.returncode == 2
    assert "before" in again.stderr


def _is_level(read: Any, old: VerifierKey, new: VerifierKey) -> bool:
    former = checkpoint_of(read(f"former/{old.key_id.hex()}/checkpoint").text, old)
    newest = checkpoint_of(read("checkpoint").text, new)
    assert former.origin == LOG
    return (former.size, former.root) == (newest.size, newest.root)


def assert_three_signatures(note_text: str, vkeys: str, origin: str) -> None:
    note = parse_note(note_text)
    keys = [key for key in map(parse_vkey, vkeys.splitlines()) if key.name == origin]
    assert [key.algorithm for key in keys] == ["Ed25519", "ML-DSA-44", "SM2-with-SM3"]
    assert all(key.standing(note) is Standing.SIGNED for key in keys)
    assert len(note.signatures) == 3


def assert_announced(read: Any, old: VerifierKey, new: VerifierKey, now: Checkpoint) -> None:
    """The change is an entry of the tree, and its statement is signed by both."""
    told = read("origins.json").json()[-1]["announcement"]
    text = read(f"announcement/{told}").text
    entries = TileReader(lambda name: read(name).raise_for_status().content).entries(0, now.size)
    assert announcement_leaf(text).hex() == told
    assert bytes.fromhex(told) in entries
    note = parse_note(text)
    assert old.standing(note) is Standing.SIGNED
    assert new.standing(note) is Standing.SIGNED
    assert str(old) in note.text
    assert str(new) in note.text
    assert read("announcement/" + 64 * "0").status_code == 404
    assert read("former/../../secrets/log.key/checkpoint").status_code == 404
