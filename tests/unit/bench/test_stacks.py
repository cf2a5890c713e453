"""The stacks we compare ourselves with do what they say: one key, one invoice, no gaps."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from bench.drafts import write_drafts
from bench.measure import Stack
from bench.postgres import Postgres
from bench.references import copy, running_bare_path, running_fastapi
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from tests.conftest import Database

needs_fastapi = pytest.mark.skipif(
    not (find_spec("fastapi") and find_spec("sqlalchemy")),
    reason="FastAPI and SQLAlchemy come with ./run bench",
)
SALES = 12


class Sold:
    """What one caller was told."""

    def __init__(self, stack: Stack) -> None:
        self._connection = HTTPConnection("127.0.0.1", stack.port, timeout=10)

    def issue(self, key: str, draft: bytes) -> tuple[int, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        self._connection.request("POST", "/v1/invoices", draft, headers)
        answer = self._connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body).get("number", "") if body else ""


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    write_drafts(tmp_path / "drafts", SALES)
    return tmp_path / "drafts"


async def prepared(database: Database, postgres: EmbeddedPostgres, drafts: Path) -> Postgres:
    assert postgres.pid
    made = Postgres(postgres.pid, database.owner, postgres.dsn_root)
    sellers = [
        json.loads(line)["seller"]["taxpayer_id"] for line in drafts.read_bytes().splitlines()
    ]
    await asyncio.to_thread(made.prepare, sellers)
    return made


def sell(running: AbstractContextManager[Stack], drafts: list[bytes]) -> Iterator[tuple[int, str]]:
    with running as stack:
        caller = Sold(stack)
        for number, draft in enumerate(drafts):
            yield caller.issue(f"sale-{number}", draft)
        yield caller.issue("sale-0", drafts[0])


@needs_fastapi
@pytest.mark.parametrize("name", ["naive", "good"])
async def test_a_reference_stack_numbers_without_gaps_and_knows_its_keys(
    name: str, database: Database, postgres: EmbeddedPostgres, drafts: Path
) -> None:
    made = await prepared(database, postgres, drafts)
    lines = drafts.read_bytes().splitlines()
    *told, again = await asyncio.to_thread(lambda: list(sell(running_fastapi(name, made), lines)))

    assert told == [(201, f"26311{serial:015}") for serial in range(1, SALES + 1)]
    assert again == (200, told[0][1])
    connection = await asyncpg.connect(database.owner)
    drawn = await connection.fetchval(f"SELECT sum(drawn_fen) FROM {name}_credit_line")
    stored = await connection.fetchval(f"SELECT sum(net_fen) FROM {name}_invoice")
    await connection.close()
    assert drawn == stored == sum(net_of(line) for line in lines)


def net_of(draft: bytes) -> int:
    return sum(line["net_fen"] for line in json.loads(draft)["lines"])


async def test_the_bare_path_stores_what_it_acknowledged(
    database: Database, postgres: EmbeddedPostgres, drafts: Path
) -> None:
    made = await prepared(database, postgres, drafts)
    lines = drafts.read_bytes().splitlines()

    def run() -> list[tuple[int, str]]:
        with running_bare_path(made) as stack:
            caller = Sold(stack)
            told = [caller.issue(f"sale-{n}", line) for n, line in enumerate(lines)]
            return [*told, caller.issue("", lines[0]), caller.issue("bad", b"{}")]

    *told, without_key, empty = await asyncio.to_thread(run)
    connection = await asyncpg.connect(database.owner)
    stored = await connection.fetchval("SELECT count(*) FROM bare_invoice")
    await connection.close()

    assert [status for status, _ in told] == [201] * SALES
    assert len({number for _, number in told}) == SALES == stored
    assert (without_key[0], empty[0]) == (422, 422)


async def test_copying_counts_the_rows_that_are_there(
    database: Database, postgres: EmbeddedPostgres, drafts: Path
) -> None:
    made = await prepared(database, postgres, drafts)
    copied = await asyncio.to_thread(lambda: copy(made, drafts, first=1, seconds=0.3))
    connection = await asyncpg.connect(database.owner)
    stored = await connection.fetchval("SELECT count(*) FROM copy_invoice")
    await connection.close()

    assert stored >= 1_000
    assert copied.rows_per_s > 0
    assert copied.postgres_us > 0
