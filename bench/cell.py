"""Our stack: the real product, started as its operator starts it, on a scratch folder.

Only the set-up takes a short cut: ten thousand credit lines are written by SQL, as a grant
would write them, so that a quick run has time left to measure.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import msgspec

from bench import processes
from bench.measure import Failed, Stack
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, Running
from kaipiao.fiscal.month import tax_month
from kaipiao.ledger.embedded.passwords import DATABASE, ROOT, compose_dsn
from kaipiao.ledger.embedded.remove import remove_database

START_WITHIN_S = 30.0
API_KEYS = 16
"""Each key may issue 20,000 a second: one alone would measure our own rate limit."""
PLENTY_FEN = 10**15


class Cell:
    """A running cell."""

    def __init__(self, folder: Path, pid: int, told: Running) -> None:
        self.folder = CellFolder(str(folder))
        self.pid = pid
        self.url = told.url
        self.first_key = Path(told.key_file).read_text(encoding="ascii").strip()
        inside = msgspec.json.decode(self.folder.running.read_bytes(), type=Running)
        self.dsn = inside.dsn
        where = parse_qs(urlsplit(inside.dsn).query)
        self.dsn_root = compose_dsn(
            sockets=Path(where["host"][0]),
            secrets=Path(where["passfile"][0]).parent,
            role=ROOT,
            database=DATABASE,
        )

    def stack(self, tokens: list[str], *, path: str = "/v1/invoices") -> Stack:
        port = urlsplit(self.url).port
        assert port
        return Stack(name="kaipiao", port=port, roots=(self.pid,), path=path, tokens=tokens)

    def make_keys(self) -> list[str]:
        return make_keys(self.url, self.first_key)

    def grant(self, sellers: Sequence[str]) -> None:
        asyncio.run(grant(self.dsn, sellers))

    # ---- what it holds ----

    def ask_root(self, sql: str) -> int:
        """One number from the database, asked by its superuser."""
        return asyncio.run(_ask(self.dsn_root, sql))

    def count_issued(self) -> int:
        return self.ask_root("SELECT coalesce(sum(count), 0)::bigint FROM batch")

    def count_logged(self) -> int:
        """How many leaves the published checkpoint covers (its second line)."""
        try:
            note = (self.folder.evidence / "checkpoint").read_text()
        except OSError:
            return 0
        return int(note.split("\n")[1])

    def stored_bytes(self) -> int:
        """Database and public log; the write-ahead log is used again and again."""
        database = self.ask_root(f"SELECT pg_database_size('{DATABASE}')")
        return database + processes.bytes_in(self.folder.evidence)

    def wait_until_logged(self, *, within_s: float) -> float:
        """Until every issued invoice is in the published log; how long that took."""
        issued, began = self.count_issued(), time.monotonic()
        while self.count_logged() < issued:
            if time.monotonic() - began > within_s:
                raise Failed(f"the log has {self.count_logged()} of {issued} after {within_s} s")
            time.sleep(0.05)
        return time.monotonic() - began

    def server_rss_mb(self) -> float:
        """The largest process that answers HTTP."""
        seen = processes.below(self.pid)
        servers = [one.resident_bytes for one in seen if "kaipiao.app.serve" in one.name]
        return max(servers) / 1e6

    def version(self) -> str:
        text = asyncio.run(_ask(self.dsn_root, "SELECT version()"))
        return re.sub(r" on .*", "", str(text))


def make_keys(url: str, admin: str, count: int = API_KEYS) -> list[str]:
    """API keys that may issue for everyone."""
    return [_make_key(url, admin, place) for place in range(count)]


def _make_key(url: str, admin: str, place: int) -> str:
    ask = {"tenant": "bench", "name": f"bench-{place}", "may": ["issue"], "taxpayers": ["*"]}
    headers = {"Authorization": f"Bearer {admin}", "Content-Type": "application/json"}
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request("POST", "/v1/keys", json.dumps(ask), headers)
        secret: str = json.load(connection.getresponse())["secret"]
        return secret


async def grant(dsn: str, sellers: Sequence[str]) -> None:
    """A credit line that will not run out, for each."""
    month = tax_month(SystemClock().now())
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO credit_standing (seller, limit_fen)"
            " SELECT seller, $2 FROM unnest($1::text[]) AS seller",
            sellers,
            PLENTY_FEN,
        )
        await connection.execute(
            "INSERT INTO credit_line (seller, month, limit_fen)"
            " SELECT seller, $3, $2 FROM unnest($1::text[]) AS seller",
            sellers,
            PLENTY_FEN,
            month,
        )
    finally:
        await connection.close()


async def _ask(dsn: str, sql: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval(sql)
        return found
    finally:
        await connection.close()


@contextmanager
def running_cell(
    folder: Path, *, inside: Sequence[str] = (), host: str = "127.0.0.1"
) -> Iterator[Cell]:
    """``kaipiao up`` with nothing set but its folder, its address and a free port.

    ``inside`` is a command that leads to where it runs (``ip netns exec …``).
    """
    ready = folder.parent / f"{folder.name}.ready"
    with (folder.parent / f"{folder.name}.err").open("wb") as errors:
        process = processes.start(
            *inside,
            str(Path(sys.executable).with_name("kaipiao")),
            *("up", "--data", str(folder), "--host", host, "--port", "0"),
            *("--ready-file", str(ready)),
            stdout=errors,
            stderr=errors,
        )
        with processes.ending(process):
            processes.wait_for(ready, process, within_s=START_WITHIN_S)
            told = msgspec.json.decode(ready.read_bytes(), type=Running)
            yield Cell(folder, process.pid, told)
    remove_database(folder)
