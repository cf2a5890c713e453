"""Our witness serves a stranger's feeder, and a stranger's witness cosigns our log.

Both sides are aics-witness (PyPI), which shares no code with ours.
"""

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from kaipiao.app.clock import SystemClock
from kaipiao.evidence.checkpoint import parse_checkpoint
from kaipiao.evidence.cosignature import CosignerKey, parse_cosigner_key
from kaipiao.evidence.cosigning.caller import Caller
from kaipiao.evidence.cosigning.desk import Desk, open_http
from kaipiao.evidence.cosigning.memory import Mood
from kaipiao.evidence.note import Signature, parse_note
from kaipiao.evidence.policy import Witness
from kaipiao.evidence.reader import TileReader
from tests.journeys.cells import kaipiao
from tests.journeys.open_services import OpenService
from tests.strangers.provision import python_strangers
from tests.unit.evidence.fakes import make_leaves
from tests.unit.evidence.grown_log import GrownLog
from tests.unit.evidence.published_log import PublishedFiles

LOG = GrownLog()
FORK = GrownLog(first=100, then="another")
SIZES = (0, 5, 256, 300, 600)
FORK_LEAVES = make_leaves(400, history="another")
STRANGER = "stranger.example/w1"


def step(log: GrownLog, size: int) -> dict[str, Any]:
    proofs = {
        old: [b64encode(node).decode() for node in log.proof(old, size)]
        for old in SIZES
        if old <= size
    }
    return {"note": log.note(size), "proofs": proofs}


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(python_strangers())}


def feed(url: str, vkey: str, *steps: dict[str, Any]) -> list[dict[str, Any]]:
    """Each call is a new feeder that knows nothing of earlier ones, and must ask where we are."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("aics_feed.py"), url, vkey],
        input="".join(json.dumps(one) + "\n" for one in steps),
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_strangers_feeder_is_served_by_our_witness(tmp_path: Path) -> None:
    environment()
    with OpenService(tmp_path, "witness", "up", "--name", "witness.example/w1") as witness:
        kaipiao("witness", "add-log", LOG.vkey, "--data", tmp_path)
        url, vkey = witness.url, witness.told["vkey"]

        told = feed(url, vkey, step(LOG, 5), step(LOG, 256), step(LOG, 300), step(LOG, 300))
        assert all("line" in one for one in told), told
        (grown,) = feed(url, vkey, step(LOG, 600))  # finds out by our 409 that we hold 300
        key = parse_cosigner_key(vkey)
        assert key.cosigned_at(parse_note(LOG.note(600) + grown["line"])) is not None

        assert feed(url, vkey, step(FORK, 600)) == [{"refused": "WitnessRejected", "status": 422}]
        assert feed(url, vkey, step(LOG, 300)) == [{"refused": "WitnessAhead", "status": None}]
        unknown = GrownLog("kaipiao.example/44-1")
        assert feed(url, vkey, step(unknown, 5)) == [{"refused": "WitnessRejected", "status": 404}]
    shown = kaipiao("witness", "evidence", "--data", tmp_path, "--json")
    assert [exhibit["kind"] for exhibit in json.loads(shown.stdout)] == ["fork"]


@contextmanager
def strangers_witness(folder: Path) -> Iterator[tuple[str, CosignerKey]]:
    """aics-witness as a process, watching LOG."""
    told = (sys.executable, "-m", "aics_witness")
    config, env = ("--config", folder / "witness.json"), environment()
    made = subprocess.run(
        [*told, "init", *config, "--name", STRANGER, "--listen", "127.0.0.1:0"],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    added = [*told, "add-log", *config, "--origin", LOG.vkey.name, "--vkey", str(LOG.vkey)]
    subprocess.run(added, env=env, capture_output=True, check=True)
    said = folder / "said"
    with said.open("wb") as errors:
        serving = subprocess.Popen([*told, "serve", *config], env=env, stderr=errors, stdout=errors)
    try:
        yield _address(said, serving), parse_cosigner_key(made.stdout)
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(10)


def _address(said: Path, serving: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + 20
    while "http://" not in (text := said.read_text()):
        assert serving.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.02)
    return "http://" + text.partition("http://")[2].split()[0].rstrip("/,.")


def test_a_strangers_witness_cosigns_our_log_and_refuses_its_fork(tmp_path: Path) -> None:
    with strangers_witness(tmp_path) as (url, key):
        for old, new in ((0, 5), (5, 300), (300, 600), (600, 600)):
            answer = httpx.post(f"{url}/add-checkpoint", content=LOG.submission(old, new))
            assert answer.status_code == 200, answer.text
            assert key.cosigned_at(parse_note(LOG.note(new) + answer.text)) is not None
        told = [
            httpx.post(f"{url}/add-checkpoint", content=body).status_code
            for body in (LOG.submission(0, 600), FORK.submission(600, 600), b"nonsense")
        ]
        assert told == [409, 422, 400]


async def test_our_cell_gathers_a_strangers_cosignatures(tmp_path: Path) -> None:
    """As a cell does it: it starts from nothing, learns where the witness is, and goes on."""
    ours, theirs = PublishedFiles(300, 600), PublishedFiles(400, leaves=FORK_LEAVES)
    with strangers_witness(tmp_path) as (url, key):
        async with open_http() as http:
            caller = Caller(Desk(Witness("stranger", key, url), http), SystemClock())
            for _ in range(2):
                assert await gather(caller, ours) is not None
                assert caller.standing.size == 600
                caller = Caller(Desk(Witness("stranger", key, url), http), SystemClock())
            assert await gather(caller, theirs) is None
            assert caller.standing.mood is Mood.CONTRADICTS


async def gather(caller: Caller, log: PublishedFiles) -> tuple[Signature, ...] | None:
    note = log.files["checkpoint"].decode()
    checkpoint = parse_checkpoint(parse_note(note).text)
    return await caller.cosign(note, checkpoint, TileReader(log.read))
