"""An auditor reads who did what on a running cell, and finds what its administrator changed."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kaipiao.app.folder import CellFolder, read_running
from kaipiao.ledger.embedded.passwords import APP, ROOT
from tests.journeys.cells import Cell, kaipiao, running

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def cell(scratch: Path) -> Iterator[Cell]:
    with running(scratch / "cell", "--workers", "1") as started:
        yield started


def as_root(cell: Cell, *changes: str) -> None:
    """What a superuser does who knows how to go around the triggers."""
    told = read_running(CellFolder(str(cell.folder)))
    assert told

    async def change() -> None:
        root = await asyncpg.connect(told.dsn.replace(APP, ROOT))
        try:
            await root.execute("SET session_replication_role = replica")
            for one in changes:
                await root.execute(one)
        finally:
            await root.close()

    asyncio.run(change())


def listed(cell: Cell, *more: str) -> list[dict[str, Any]]:
    said = cell.run("audit", "list", "--json", *more)
    assert said.returncode == 0, said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


def test_an_auditors_day(cell: Cell, scratch: Path) -> None:
    key = scratch / "auditor.key"
    made = cell.run(
        "key", "create", "--name", "auditor", "--may", "audit", "--taxpayer", "*", "--output", key
    )
    assert made.returncode == 0, made.stderr

    # Whoever holds the right reads; the start of the cell and its first key are there.
    auditor = ("--key-file", str(key))
    actions = [one["event"]["action"] for one in listed(cell, *auditor)]
    assert actions[-3:] == ["key.create", "key.create", "cell.start"]
    started = listed(cell, *auditor, "--action", "cell.start")[0]["event"]
    assert started["actor"]["kind"] == "operator"
    assert started["facts"]["workers"] == "1"
    done = listed(cell, *auditor, "--action", "key.create", "--limit", "1")[0]["event"]
    table = cell.run("audit", "list", *auditor)
    assert "an API key was made" in table.stdout
    shown = cell.run("audit", "show", done["event_id"], *auditor)
    assert "allowed by: admin" in shown.stdout

    # A receipt is checked without the cell.
    receipt = cell.run("audit", "receipt", done["event_id"], *auditor).stdout
    file, vkey = scratch / "event.receipt", cell.folder / "secrets" / "audit" / "log.vkey"
    file.write_text(receipt)
    offline = ("audit", "verify", file, "--key", vkey)
    assert "Genuine" in kaipiao(*offline).stdout
    other = cell.folder / "secrets" / "log.vkey"
    assert kaipiao("audit", "verify", file, "--key", other).returncode == 1
    file.write_text(receipt.replace("index ", "index 1"))
    assert kaipiao(*offline).returncode == 1

    # All of it is as it was signed, until a superuser improves one row.
    whole = ("audit", "verify", "--json", *auditor, "--key", str(vkey))
    clean = cell.run(*whole)
    assert (clean.returncode, json.loads(clean.stdout)["faults"]) == (0, []), clean.stderr
    improved = "replace(content, '\"auditor\"', '\"nobody\"')"
    as_root(cell, f"UPDATE audit_event SET content = {improved} WHERE log_index = 3")
    doctored = cell.run(*whole)
    assert doctored.returncode == 1
    [fault] = json.loads(doctored.stdout)["faults"]
    assert fault == {"index": 3, "why": "is not the event that was signed"}
    as_root(cell, "DELETE FROM audit_event WHERE log_index < 2")
    [missing, still] = json.loads(cell.run(*whole).stdout)["faults"]
    assert (missing["index"], still) == (0, fault)
    assert "no event says that they were forgotten" in missing["why"]

    # The operator's own commands are in it; a look does not count as one.
    for more in (("--dry-run",), ()):
        archived = kaipiao("archive", "--data", cell.folder, "--before", "2025-01", *more)
        assert archived.returncode == 0, archived.stderr
    run = [one["event"] for one in listed(cell, *auditor, "--action", "archive.run")]
    assert [(one["stage"], one["object"]) for one in run] == [
        ("done", "2025-01"), ("asked", "2025-01"),
    ]  # fmt: skip
