"""The embedded server trusts nobody, listens to nobody outside, and keeps its secrets."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from kaipiao.ledger.embedded.passwords import APP, OWNER, ROOT
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.embedded.settings import TEST_SIZE


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def password_file(dsn: str) -> Path:
    return Path(parse_qs(urlsplit(dsn).query)["passfile"][0])


def password(dsn: str) -> str:
    return password_file(dsn).read_text().rstrip().rpartition(":")[2]


def read_all(*paths: Path | str) -> str:
    return "".join(Path(path).read_text() for path in paths)


def sockets_of(pid: int) -> set[str]:
    links = [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def tcp_sockets() -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            yield line.split()[9]


@pytest.mark.parametrize("role", [ROOT, OWNER, APP])
async def test_a_wrong_password_is_refused(postgres: EmbeddedPostgres, role: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.dsn(role), password="wrong")


async def test_every_way_in_asks_for_a_scram_password(postgres: EmbeddedPostgres) -> None:
    methods = "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules"
    stored = "SELECT bool_and(rolpassword LIKE 'SCRAM-SHA-256$%') FROM pg_authid WHERE rolcanlogin"

    assert await ask(postgres.dsn_root, methods) == ["scram-sha-256"]
    assert await ask(postgres.dsn_root, stored) is True


async def test_no_tcp_port_is_open(postgres: EmbeddedPostgres) -> None:
    assert postgres.pid
    ours = sockets_of(postgres.pid)

    assert ours, "it listens on a Unix socket at least"
    assert not ours & set(tcp_sockets())


async def test_the_server_does_not_run_as_root(postgres: EmbeddedPostgres) -> None:
    assert os.stat(f"/proc/{postgres.pid}").st_uid != 0


async def test_servers_may_not_change_tables(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(postgres.dsn_app, "CREATE TABLE mine (x int)")


async def test_neither_role_is_a_superuser_or_may_make_roles(postgres: EmbeddedPostgres) -> None:
    mighty = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication"
    for dsn in (postgres.dsn_owner, postgres.dsn_app):
        assert await ask(dsn, f"{mighty} FROM pg_roles WHERE rolname = current_user") is False


async def test_text_is_utf8_in_byte_order_and_pages_have_checksums(
    postgres: EmbeddedPostgres,
) -> None:
    about = """SELECT pg_encoding_to_char(encoding) || ' ' || datcollate || ' ' ||
        current_setting('data_checksums') || ' ' || current_setting('timezone')
        FROM pg_database WHERE datname = current_database()"""

    assert await ask(postgres.dsn_app, about) == "UTF8 C on UTC"


async def test_a_real_cell_waits_for_the_disk(scratch: Path) -> None:
    """TEST_SIZE is for tests only: what a cell gets by default is durable."""
    server = EmbeddedPostgres(scratch)
    await server.start()
    try:
        settings = "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN"
        names = "('fsync', 'full_page_writes', 'synchronous_commit')"
        assert await ask(server.dsn_app, f"{settings} {names}") == "on on on"
    finally:
        await server.stop()


async def test_passwords_are_in_private_files_and_nowhere_else(postgres: EmbeddedPostgres) -> None:
    """Not in the DSN, the command line, the environment, the settings or a log."""
    dsns = (postgres.dsn_root, postgres.dsn_owner, postgres.dsn_app)
    secrets = [password(dsn) for dsn in dsns]
    modes = {stat.S_IMODE(password_file(dsn).stat().st_mode) for dsn in dsns}
    home = password_file(dsns[0]).parent.parent / "postgres"
    kept = [f"/proc/{postgres.pid}/cmdline", f"/proc/{postgres.pid}/environ", *home.glob("*.*")]
    seen = read_all(*kept, *home.glob("log/*"))

    assert (len(set(secrets)), min(map(len, secrets)), modes) == (3, 43, {0o600})
    assert not [secret for secret in secrets if secret in seen or secret in "".join(dsns)]


async def test_a_failed_statement_does_not_write_peoples_rows_into_the_log(
    postgres: EmbeddedPostgres,
) -> None:
    """DETAIL would quote the row that was there already."""
    connection = await asyncpg.connect(postgres.dsn_owner)
    await connection.execute("CREATE TEMP TABLE buyer (name text PRIMARY KEY)")
    insert = "INSERT INTO buyer VALUES ($1)"
    await connection.execute(insert, "a private person")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(insert, "a private person")
    await connection.close()

    home = password_file(postgres.dsn_root).parent.parent / "postgres"
    async with asyncio.timeout(30):  # the log is written by another process
        while "duplicate key" not in (log := read_all(*home.glob("log/*"))):
            await asyncio.sleep(0.01)
    assert "a private person" not in log


async def test_what_was_written_is_there_after_a_stop_and_a_start(scratch: Path) -> None:
    server = EmbeddedPostgres(scratch, size=TEST_SIZE)
    await server.start()
    await ask(server.dsn_owner, "CREATE TABLE kept AS SELECT 42 AS answer")
    await server.stop()
    await server.start()
    try:
        assert await ask(server.dsn_owner, "SELECT answer FROM kept") == 42
    finally:
        await server.stop()
