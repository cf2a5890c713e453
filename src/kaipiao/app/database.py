"""The cell's database: our own, kept alive, or the one that the operator named."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kaipiao.app.settings import Settings
from kaipiao.ledger.embedded.server import EmbeddedPostgres


class Database:
    """The addresses of the database: for migrations, and for everything else."""

    def __init__(self, owner: str, app: str, *, is_ours: bool) -> None:
        self.owner = owner
        self.app = app
        self.is_ours = is_ours


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[Database]:
    """The database, running; ours is kept alive inside this block and stopped after it."""
    if settings.dsn:
        yield Database(settings.dsn_owner or settings.dsn, settings.dsn, is_ours=False)
        return
    server = EmbeddedPostgres(Path(settings.data))
    await server.start()
    keeping = asyncio.create_task(server.run())
    try:
        yield Database(server.dsn_owner, server.dsn_app, is_ours=True)
    finally:
        await server.stop()
        await keeping
