"""Sheets against a whole running cell: uploaded, watched, killed, taken up again, and exported."""

import csv
import io
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kaipiao.client.client import Client
from kaipiao.delivery.sheets.layout import BASIC
from kaipiao.delivery.sheets.read import open_book
from kaipiao.gateway.imports import XLSX
from kaipiao.ledger.embedded.remove import remove_database
from tests.journeys.cells import KAIPIAO, Cell, environment, running
from tests.sheets_made import as_csv, as_sheet, line, sale
from tests.strategies import SELLER

PLENTY_FEN = 10**13
WITHIN_S = 60.0


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kaipiao-test-") as name:
        yield Path(name)
        remove_database(Path(name))


def grant(cell: Cell) -> None:
    with Client(cell.url, cell.key) as client:
        client.grant_credit(SELLER.taxpayer_id, PLENTY_FEN)


def events(http: httpx.Client, where: str, last_id: str = "0") -> Iterator[dict[str, object]]:
    """Every event as a browser would hear it; ``id`` among its members."""
    headers = {"last-event-id": last_id}
    with http.stream("GET", f"{where}/events", headers=headers, timeout=WITHIN_S) as answer:
        assert answer.status_code == 200
        told: dict[str, str] = {}
        for text in answer.iter_lines():
            name, _, value = text.partition(": ")
            told[name] = value
            if name == "data":
                yield json.loads(value) | {"id": told["id"], "event": told["event"]}


def rows_of(content: bytes) -> list[dict[str, object]]:
    rows = [cells for _, cells in open_book(content).rows(BASIC)]
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


def test_an_upload_outlives_the_whole_cell_and_issues_nothing_twice(folder: Path) -> None:
    count = 4_000
    headers = {"idempotency-key": "november", "content-type": XLSX}
    content = as_sheet(count)
    with running(folder) as cell:
        grant(cell)
        with cell.http() as http:
            where = http.post("/v1/imports", content=content, headers=headers).headers["location"]
            heard = next(told for told in events(http, where) if told["counts"]["done"])  # type: ignore[index]
        os.kill(cell.process.pid, signal.SIGKILL)
        cell.process.wait()
    with running(folder) as cell, cell.http() as http:
        repeated = http.post("/v1/imports", content=content, headers=headers)
        last_heard = int(str(heard["id"])) - 1  # a quick cell may have ended before it was killed
        *_, ended = events(http, where, str(last_heard))
        result = http.get(f"{where}/result")
        issued = http.get(
            "/v1/invoices:export", params={"seller": SELLER.taxpayer_id, "form": "csv"}, timeout=60
        )

    numbers = {str(row["发票流水号"]): str(row["发票号码"]) for row in rows_of(result.content)}
    kept = list(csv.DictReader(io.StringIO(issued.content.decode("utf-8-sig"))))
    assert repeated.status_code == 200
    assert (ended["event"], ended["state"]) == ("ended", "done")
    assert ended["total"] == ended["counts"]["done"] == count  # type: ignore[index]
    assert len(set(numbers.values())) == count
    assert {row["流水号"]: row["发票号码"] for row in kept} == numbers


def test_a_sheet_is_issued_interrupted_finished_and_given_back_on_the_command_line(
    folder: Path, tmp_path: Path
) -> None:
    rows = [sale(f"s-{n}") | line(f"s-{n}") for n in range(1_200)]
    rows += [sale("bad") | line("bad", 税率="0.17")]
    file = tmp_path / "november.csv"
    file.write_bytes(as_csv(rows, encoding="gb18030"))
    with running(folder) as cell:
        grant(cell)
        command = [str(KAIPIAO), "issue", str(file)]
        started = subprocess.Popen(
            command, env=environment(**cell.environment), stdout=subprocess.DEVNULL
        )
        listed = tmp_path / "november.csv.results.ndjson"
        while not (listed.exists() and listed.read_bytes().count(b"\n") > 300):
            assert started.poll() is None, "it was over before we could interrupt it"
            time.sleep(0.002)
        started.send_signal(signal.SIGINT)
        interrupted = started.wait()
        half = (tmp_path / "november.结果.csv").read_text("utf-8-sig")

        again = cell.run("issue", file)

        exported = tmp_path / "all.xlsx"
        time.sleep(1.5)  # the log takes its turn
        listed_all = cell.run("list", SELLER.taxpayer_id, "--as", "xlsx", "-o", exported)

    returned = (tmp_path / "november.结果.csv").read_text("utf-8-sig")
    whole = list(csv.DictReader(io.StringIO(returned)))
    assert interrupted == 130
    assert "结果未知" in half
    assert "未开具" not in half
    assert "结果未知" not in returned
    assert 0 < half.count("已开具") < 1_200
    assert again.returncode == 1
    assert [row["发票流水号"] for row in whole] == [row["发票流水号"] for row in rows]
    assert all(row["发票号码"] for row in whole[:-1])
    assert "CSV!" in whole[-1]["问题"]
    assert "税率" in whole[-1]["问题"]
    assert listed_all.returncode == 0, listed_all.stderr
    (tab,) = open_book(exported.read_bytes()).names
    assert len(list(open_book(exported.read_bytes()).rows(tab))) == 1_201
    assert not list(tmp_path.glob("*.part"))
