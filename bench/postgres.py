"""The database of the stacks we compare with: our own supervisor's, set as the product's is."""

import asyncio
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
    """A running server with the tables of ``schema.sql``."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        assert server.pid
        self.pid = server.pid
        self.dsn = server.dsn_owner

    def cpu_s(self) -> float:
        return processes.cpu_by_role(self.pid).get("postgres", 0.0)

    def prepare(self, sellers: Sequence[str]) -> None:
        """Tables, counters, and credit lines that will not run out."""
        asyncio.run(self._prepare(sellers))

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
        yield Postgres(server)
    finally:
        asyncio.run(server.stop())
        remove_database(folder)
