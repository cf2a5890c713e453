"""Somebody mirrors a log, the source dies or lies, and a cell gets its lost log back."""

import json
import shutil
import threading
from itertools import islice
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import pytest

from kaipiao.client.batch import Sale
from kaipiao.client.client import Client
from kaipiao.fiscal.sample import SELLERS, sample_drafts
from tests.journeys.cells import kaipiao, running, wait_until
from tests.journeys.open_services import OpenService
from tests.unit.evidence.fakes import make_leaves
from tests.unit.evidence.published_log import KEY, PublishedFiles

LEAVES = make_leaves(20_000)
FORK = [*LEAVES[:400], *make_leaves(20_000, history="another")[400:]]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return PublishedFiles(700, leaves=LEAVES).write_to(tmp_path / "source")


def mirror(folder: Path, source: object, *more: object) -> OpenService:
    return OpenService(folder, "mirror", "up", source, "--key", KEY, "--every", "0.1", *more)


def stands(url: str) -> dict[str, object]:
    told: dict[str, object] = httpx.get(f"{url}/mirror").json()
    return told


def test_a_mirror_follows_serves_refuses_a_lie_and_goes_on_when_the_truth_is_back(
    tmp_path: Path, source: Path
) -> None:
    with mirror(tmp_path / "m", source) as served:
        wait_until(lambda: stands(served.url)["size"] == 700, 10, "the mirror copies")
        for name, content in PublishedFiles(700, leaves=LEAVES).files.items():
            assert httpx.get(f"{served.url}/{name}").content == content
            assert httpx.get(f"{served.url}/log/{name}").content == content
        assert httpx.get(f"{served.url}/log.vkey").text == f"{KEY}\n"
        assert httpx.post(f"{served.url}/checkpoint").status_code == 405
        for path in ("/tile/0/003", "/.lock", "/log/../.lock", "/mirror.log", f"/{'x' * 300}"):
            assert httpx.get(served.url + path).status_code == 404

        PublishedFiles(900, leaves=FORK).write_to(source)
        wait_until(lambda: stands(served.url).get("refused") == "fork", 10, "a fork is refused")
        assert stands(served.url)["size"] == 700
        (shown,) = httpx.get(f"{served.url}/evidence").json()
        assert (shown["kind"], shown["offered_size"]) == ("fork", 900)

        PublishedFiles(20_000, leaves=LEAVES).write_to(source)
        wait_until(lambda: stands(served.url)["size"] == 20_000, 20, "the truth is believed again")
        audited = kaipiao("log", "audit", served.url, "--key", KEY, "--json")
        assert json.loads(audited.stdout)["entries_checked"] == 20_000
        busy = kaipiao("mirror", "up", source, "--key", KEY, "--data", tmp_path / "m", "--once")
        assert (busy.returncode, "runs already" in busy.stderr) == (2, True)
        assert served.stop() == 0
    looked = kaipiao("mirror", "status", "--data", tmp_path / "m", "--key", KEY, "--json")
    assert (looked.returncode, json.loads(looked.stdout)["refused"]) == (1, 1)


def test_mirrors_of_mirrors_and_one_that_is_killed_while_it_copies(tmp_path: Path) -> None:
    whole = PublishedFiles(20_000, leaves=LEAVES).write_to(tmp_path / "whole")
    with mirror(tmp_path / "first", whole) as first:
        wait_until(lambda: stands(first.url)["size"] == 20_000, 20, "the first copies")
        with mirror(tmp_path / "second", first.url) as second:
            threading.Timer(0.1, second.kill).start()
            second.process.wait()
        once = ("mirror", "up", first.url, "--key", KEY, "--data", tmp_path / "second", "--once")
        assert kaipiao(*once).returncode == 0
        assert kaipiao(*once).returncode == 0
    audited = kaipiao("log", "audit", tmp_path / "second/log", "--key", KEY, "--json")
    assert (audited.returncode, json.loads(audited.stdout)["size"]) == (0, 20_000)


@pytest.mark.parametrize(
    ("what", "code"), [("damaged", 1), ("fork", 1), ("rollback", 1), ("gone", 2), ("key", 2)]
)
def test_a_copy_made_once_says_what_is_wrong(
    tmp_path: Path, source: Path, what: str, code: int
) -> None:
    once = ("mirror", "up", source, "--data", tmp_path / "m", "--once", "--key")
    assert kaipiao(*once, KEY).returncode == 0
    if what == "damaged":
        PublishedFiles(1000, leaves=LEAVES).write_to(source)
        (source / "tile/entries/002").write_bytes(b"\0" * 8704)
    elif what == "fork":
        PublishedFiles(1000, leaves=FORK).write_to(source)
    elif what == "rollback":
        PublishedFiles(600, leaves=LEAVES).write_to(source)
    elif what == "gone":
        shutil.rmtree(source)
    stranger = "other.example+" + str(KEY).partition("+")[2]
    done = kaipiao(*once, KEY if what != "key" else stranger)

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_a_cell_loses_its_log_gets_it_back_from_a_mirror_and_goes_on(scratch: Path) -> None:
    """Everything in the evidence folder is gone; ledger, keys and the mirror are left."""
    folder, vkey = scratch / "cell", scratch / "log.vkey"
    with running(folder) as cell:
        vkey.write_text(cell.run("log", "key").stdout)
        client = Client(cell.url, cell.key)
        sell(client, 300, name="before")
        wait_until(lambda: size_of(cell.url) >= 300, 20, "the log publishes")
        copied = kaipiao("mirror", "up", cell.url, "--key", vkey, "--data", scratch / "m", "--once")
        assert copied.returncode == 0, copied.stderr
        witnessed = scratch / "witnessed"
        witnessed.write_text(cell.run("log", "checkpoint").stdout)
        sell(client, 20, name="after")
        wait_until(lambda: size_of(cell.url) >= 320, 20, "the log publishes")
        running_still = rebuild(scratch, vkey, folder)
        assert (running_still.returncode, "running already" in running_still.stderr) == (2, True)
    shutil.rmtree(folder / "evidence")

    done = rebuild(scratch, vkey, folder, "--witnessed", witnessed)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"size": 300, "witnessed": 300, "lost": None}
    with running(folder) as cell:
        wait_until(lambda: size_of(cell.url) >= 320, 20, "the ledger's other leaves are published")
        sell(Client(cell.url, cell.key), 5, name="later")
        wait_until(lambda: size_of(cell.url) >= 325, 20, "the log goes on")
        held = cell.run("log", "consistency", witnessed, "--log-key", vkey)
        assert held.returncode == 0, held.stdout
        again = kaipiao("mirror", "up", cell.url, "--key", vkey, "--data", scratch / "m", "--once")
        assert again.returncode == 0, again.stderr


def rebuild(scratch: Path, vkey: Path, folder: Path, *more: object) -> "CompletedProcess[str]":
    told = ("--from", scratch / "m/log", "--key", vkey, "--data", folder, "--json", *more)
    return kaipiao("log", "rebuild", *told)


def sell(client: Client, count: int, *, name: str) -> None:
    for seller in SELLERS:
        client.grant_credit(seller.taxpayer_id, 10**13)
    drafts = enumerate(islice(sample_drafts(7), count))
    results = client.batch(Sale(n, f"{name}-{n}", draft) for n, draft in drafts)
    assert all(result.number for result in results)


def size_of(url: str) -> int:
    answer = httpx.get(f"{url}/log/checkpoint")
    return int(answer.text.split("\n")[1]) if answer.status_code == 200 else 0
