"""The database of the stacks we compare with: our own supervisor's, set as the product's is."""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from bench import processes
from kaipiao.ledger.embedded.remove import remove_database
from kaipiao.ledger.embedded.server import EmbeddedPostgres

SCHEMA = Path(__file__).with_name("stacks") / "schema.sql"
PLENTY_FEN = 10**15


class Postgres:
    """A running server; ``prepare`` gives it the tables of ``schema.sql``."""

    def __init__(self, pid: int, dsn: str, dsn_root: str) -> None:
        self.pid = pid
        self.dsn = dsn
        self._dsn_root = dsn_root

    def cpu_s(self) -> float:
        return processes.cpu_by_role(self.pid).get("postgres", 0.0)

    def prepare(self, sellers: Sequence[str]) -> None:
        """Tables, counters, and credit lines that will not run out."""
        asyncio.run(self._prepare(sellers))

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Inside the block it writes nothing of its own accord, for others are measured."""
        self._tell("ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()", "CHECKPOINT")
        yield
        self._tell("ALTER SYSTEM SET autovacuum = on", "SELECT pg_reload_conf()")

    def _tell(self, *statements: str) -> None:
        asyncio.run(self._told(statements))

    async def _told(self, statements: Sequence[str]) -> None:
        connection = await asyncpg.connect(self._dsn_root)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def _prepare(self, sellers: Sequence[str]) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(SCHEMA.read_text(encoding="utf-8"))
            for stack in ("naive", "good"):
                await connection.execute(f"INSERT INTO {stack}_counter VALUES ('invoice', 1)")
                await connection.execute(
                    f"INSERT INTO {stack}_credit_line (seller, limit_fen)"
                    " SELECT seller, $2 FROM unnest($1::text[]) AS seller",
                    sellers,
                    PLENTY_FEN,
                )
        finally:
            await connection.close()


@contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """From nothing, and to nothing when the block is left."""
    server = EmbeddedPostgres(folder)
    asyncio.run(server.start())
    try:
        assert server.pid
        yield Postgres(server.pid, server.dsn_owner, server.dsn_root)
    finally:
        if server.pid:
            os.kill(server.pid, signal.SIGQUIT)  # what it holds is thrown away: no checkpoint
        asyncio.run(server.stop())
        remove_database(folder)
