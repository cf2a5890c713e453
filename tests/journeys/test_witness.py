"""Somebody runs a witness for others' logs: real processes, HTTP, and the command line."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from kaipiao.evidence.cosignature import parse_cosigner_key
from kaipiao.evidence.note import parse_note
from tests.journeys.cells import kaipiao
from tests.journeys.open_services import OpenService
from tests.unit.evidence.grown_log import GrownLog

LOG = GrownLog()
FORK = GrownLog(first=100, then="another")
NAME = "witness.example/w1"


def start(folder: Path, *more: object) -> OpenService:
    return OpenService(folder, "witness", "up", "--name", NAME, *more)


def submit(url: str, body: bytes) -> httpx.Response:
    return httpx.post(f"{url}/add-checkpoint", content=body, timeout=10)


def watch(folder: Path, log: GrownLog = LOG) -> None:
    added = kaipiao("witness", "add-log", log.vkey, "--data", folder)
    assert added.returncode == 0, added.stderr


def test_a_log_is_watched_cosigned_and_a_fork_refused_and_shown(tmp_path: Path) -> None:
    with start(tmp_path) as witness:
        assert submit(witness.url, LOG.submission(0, 5)).status_code == 404
        watch(tmp_path)
        assert submit(witness.url, LOG.submission(0, 300)).status_code == 200
        answer = submit(witness.url, LOG.submission(300, 400))
        assert answer.status_code == 200
        key = parse_cosigner_key(kaipiao("witness", "key", "--data", tmp_path).stdout)
        assert (
            str(key) == witness.told["vkey"] == httpx.get(f"{witness.url}/witness.vkey").text[:-1]
        )
        assert (
            abs((key.cosigned_at(parse_note(LOG.note(400) + answer.text)) or 0) - time.time()) < 5
        )

        conflict = submit(witness.url, LOG.submission(300, 500))
        assert (conflict.status_code, conflict.text) == (409, "400\n")
        assert conflict.headers["content-type"] == "text/x.tlog.size"
        assert submit(witness.url, FORK.submission(400, 400)).status_code == 422
        assert submit(witness.url, FORK.submission(400, 500)).status_code == 422

        origin = sha256(LOG.vkey.name.encode()).hexdigest()
        held = httpx.get(f"{witness.url}/{origin}/checkpoint")
        assert held.text.startswith(parse_note(LOG.note(400)).text)
        assert key.cosigned_at(parse_note(held.text)) is not None
        (watched,) = httpx.get(f"{witness.url}/logs").json()
        assert (watched["origin"], watched["hash"], watched["size"]) == (LOG.vkey.name, origin, 400)

        shown = httpx.get(f"{witness.url}/evidence").json()
        assert {exhibit["kind"] for exhibit in shown} == {"fork", "unproven"}
        for exhibit in shown:
            file = f"{witness.url}/evidence/{exhibit['name']}/offered.checkpoint"
            assert LOG.vkey.standing(parse_note(httpx.get(file).text)) == "signed"
    listed = kaipiao("witness", "evidence", "--data", tmp_path, "--json")
    assert (listed.returncode, json.loads(listed.stdout)) == (1, shown)
    status = json.loads(kaipiao("witness", "status", "--data", tmp_path, "--json").stdout)
    assert status["logs"] == [watched]


def test_every_malformed_request_has_its_status(tmp_path: Path) -> None:
    with start(tmp_path) as witness, httpx.Client(base_url=witness.url) as http:
        watch(tmp_path)
        assert http.post("/add-checkpoint", content=b"").status_code == 400
        assert http.post("/add-checkpoint", content=b"\xff" * 100).status_code == 400
        assert http.post("/add-checkpoint", content=LOG.submission(5, 5)[:-1]).status_code == 400
        assert http.post("/add-checkpoint", content=b"x" * 300_000).status_code == 413
        assert http.get("/add-checkpoint").status_code == 405
        assert http.put("/add-checkpoint", content=LOG.submission(0, 5)).status_code == 405
        assert http.post("/logs").status_code == 405
        for path in (
            "/",
            "/nothing",
            f"/{'0' * 64}/checkpoint",
            "/evidence/../witness.key",
            "/evidence/fork-1-0000000000000000/about.json",
            "/witness.key",
            "/%2e%2e",
        ):
            assert http.get(path).status_code == 404, path
        assert http.post("/add-checkpoint", content=LOG.submission(0, 5)).status_code == 200


def test_a_witness_killed_between_its_memory_and_its_answer_contradicts_nothing(
    tmp_path: Path,
) -> None:
    """Killed again and again while a log feeds it: it never knows less than it has said, and at
    most the one thing more that nobody heard.
    """
    told = 0
    for _ in range(3):
        with start(tmp_path) as witness:
            watch(tmp_path)
            held = size_held(witness.url)
            assert held in (told, told + 1)
            told = feed_until_it_dies(witness, held)
    with start(tmp_path) as witness:
        assert size_held(witness.url) in (told, told + 1)


def size_held(url: str) -> int:
    """As the specification lets anyone ask: from a wrong size, which 599 always is here."""
    answer = submit(url, LOG.submission(599, 600))
    assert answer.status_code == 409
    return int(answer.text)


def feed_until_it_dies(witness: OpenService, size: int) -> int:
    """Grow the log by one leaf at a time; the last size for which a cosignature came back."""
    killer = threading.Timer(0.1, witness.kill)
    killer.start()
    with httpx.Client(base_url=witness.url) as http:
        for old in range(size, 590):
            try:
                answer = http.post("/add-checkpoint", content=LOG.submission(old, old + 1))
            except httpx.HTTPError:
                break
            assert answer.status_code == 200
            size = old + 1
    killer.join()
    return size


def test_of_those_who_submit_at_once_one_history_wins(tmp_path: Path) -> None:
    with start(tmp_path) as witness:
        watch(tmp_path)
        bodies = [log.submission(0, size) for size in (120, 130, 140) for log in (LOG, FORK)]
        with ThreadPoolExecutor(len(bodies)) as crowd:
            answers = crowd.map(lambda body: submit(witness.url, body).status_code, bodies)
        assert sorted(answers) == [200] + [409] * 5


def test_a_witness_that_lost_its_memory_does_not_start_again(tmp_path: Path) -> None:
    with start(tmp_path) as witness:
        old_key = witness.told["vkey"]
    for path in tmp_path.glob("witness.sqlite*"):
        path.unlink()

    refused = kaipiao("witness", "up", "--data", tmp_path, "--port", "0")
    assert refused.returncode == 2
    assert "witness retire" in refused.stderr

    assert kaipiao("witness", "retire", "--data", tmp_path).returncode == 0
    with OpenService(tmp_path, "witness", "up", "--name", "witness.example/w2") as witness:
        assert witness.told["vkey"] != old_key
        busy = kaipiao("witness", "up", "--data", tmp_path, "--port", "0")
        assert (busy.returncode, "runs already" in busy.stderr) == (2, True)
        assert kaipiao("witness", "retire", "--data", tmp_path).returncode == 2
        assert witness.stop() == 0


@pytest.mark.parametrize("arguments", [("up",), ("key",), ("status",), ("retire",)])
def test_where_there_is_no_witness_it_is_said_how_to_make_one(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = kaipiao("witness", *arguments, "--data", tmp_path)

    assert (done.returncode, "--name NAME" in done.stderr) == (2, True)


def test_a_log_is_taken_off_the_list_and_not_forgotten(tmp_path: Path) -> None:
    with start(tmp_path) as witness:
        watch(tmp_path)
        assert submit(witness.url, LOG.submission(0, 300)).status_code == 200
        gone = kaipiao("witness", "remove-log", LOG.vkey.name, "--data", tmp_path)
        assert gone.returncode == 0
        assert submit(witness.url, LOG.submission(300, 400)).status_code == 404
        watch(tmp_path)
        assert submit(witness.url, LOG.submission(0, 400)).text == "300\n"
    assert kaipiao("witness", "remove-log", "nobody", "--data", tmp_path).returncode == 1
    assert kaipiao("witness", "add-log", "nonsense", "--data", tmp_path).returncode == 2
