"""A PostgreSQL for every test that asks for one.

    database          a fresh, migrated database of your own, in a server shared by the worker
    start_postgres    a server of your own, with real disk writes: for tests that kill it

Each xdist worker starts one server when its first test asks, and removes it at the end.
"""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import settings

from kaipiao.ledger.embedded.cluster import close_to_others
from kaipiao.ledger.embedded.passwords import APP, OWNER
from kaipiao.ledger.embedded.places import POINTER
from kaipiao.ledger.embedded.remove import remove_database
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.embedded.settings import TEST_SIZE
from kaipiao.ledger.migrate import migrate

# A busy machine is not a bug: how long one example takes decides nothing.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")

pytest_plugins = ["tests.stores", "tests.gateway_bench"]

TEMPLATE = "migrated"

_names = count(1)


class Database(NamedTuple):
    name: str
    owner: str  # DSN of the role that owns the tables
    app: str  # DSN of the role that servers use


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for cells that an unprivileged server can reach (pytest's own are closed to it).

    Whatever cells the test has made in it, they leave nothing behind, here or elsewhere.
    """
    with tempfile.TemporaryDirectory(prefix="kaipiao-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
        for pointer in folder.rglob(POINTER):
            remove_database(pointer.parent)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """The worker's server.  Its disk writes are not real: do not kill it."""
    with tempfile.TemporaryDirectory(prefix="kaipiao-test-") as name:
        server = EmbeddedPostgres(Path(name), size=TEST_SIZE)
        await server.start()
        try:
            await _make_template(server)
            yield server
        finally:
            await server.stop()
            remove_database(Path(name))


@pytest_asyncio.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A fresh migrated database; it is gone after the test, whoever is still connected."""
    name = f"test_{next(_names)}"
    root = await asyncpg.connect(postgres.dsn_root)
    try:
        # file_copy takes a tenth of the time where nothing is synced
        await root.execute(
            f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER} STRATEGY file_copy"
        )
        await close_to_others(root, name)
        yield Database(name, postgres.dsn(OWNER, database=name), postgres.dsn(APP, database=name))
    finally:
        await root.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await root.close()


@pytest_asyncio.fixture
async def start_postgres(scratch: Path) -> AsyncIterator[Callable[[], Awaitable[EmbeddedPostgres]]]:
    """Start a server on real disk writes; call it again for another one on the same folder."""
    started: list[EmbeddedPostgres] = []

    async def start() -> EmbeddedPostgres:
        server = EmbeddedPostgres(scratch, size=TEST_SIZE._replace(durable=True))
        started.append(server)
        await server.start()
        return server

    yield start
    for server in started:
        await server.stop()


async def _make_template(server: EmbeddedPostgres) -> None:
    root = await asyncpg.connect(server.dsn_root)
    try:
        await root.execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
        await migrate(server.dsn(OWNER, database=TEMPLATE))
    finally:
        await root.close()
