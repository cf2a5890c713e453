"""Making the cluster (initdb) and, inside the running server, its roles and its database."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from kaipiao.errors import Outage
from kaipiao.ledger.embedded.account import Account, give, run_as
from kaipiao.ledger.embedded.failure import DatabaseWontStart, explain
from kaipiao.ledger.embedded.passwords import (
    APP,
    BACKUP,
    DATABASE,
    OWNER,
    ROOT,
    compose_dsn,
    compose_dsn_by,
    keep_password,
)
from kaipiao.ledger.embedded.places import Places, make_folder
from kaipiao.ledger.embedded.programs import Programs
from kaipiao.ledger.embedded.settings import has_syncfs

INITDB = (
    "--encoding=UTF8",
    "--locale=C",  # bytes in byte order: indexes survive a move to another libc
    "--data-checksums",
    "--auth=scram-sha-256",
    "--no-instructions",
    f"--username={ROOT}",
)
SINCE_17 = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
"""The same order, and upper() and lower() know more than ASCII."""


def written_by(data: Path) -> int | None:
    """The major version that wrote ``data``; None when there is no cluster."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def make_cluster(places: Places, programs: Programs, account: Account, *, durable: bool) -> None:
    """Make the cluster beside its place and move it there when it is whole.

    Raises:
        DatabaseWontStart: initdb failed; its words are in ``log``.
    """
    draft = places.home / "data.new"
    shutil.rmtree(draft, ignore_errors=True)  # of a start that was cut short
    make_folder(draft, mode=0o700, owner=account)
    with tempfile.NamedTemporaryFile("w", dir=places.home, prefix="pw.") as file:
        file.write(keep_password(places.secrets, ROOT))
        file.flush()
        give(Path(file.name), account)  # initdb reads it as the account; it is gone a moment later
        how = [f"--pwfile={file.name}", *_options(programs, durable=durable)]
        done = run_as(account, [programs.bin / "initdb", "-D", draft, *INITDB, *how])
    if done.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise explain(done.stdout, place=places.home)
    draft.rename(places.data)


def _options(programs: Programs, *, durable: bool) -> Iterator[str]:
    if programs.major >= 17:
        yield from SINCE_17
    if not durable:
        yield "--no-sync"
    elif programs.major >= 17 and has_syncfs():
        yield "--sync-method=syncfs"


CONNECT_TIMEOUT_S = 5.0
MAKING_ROLES = 0x6B70_726F6C65
"""The advisory lock (of the database ``postgres``) of whoever makes the roles."""

SILENCE = """
SET log_statement = 'none'; SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
"""
"""Our statements hold passwords: whatever the operator has set, they are not logged."""


async def make_roles(places: Places) -> None:
    """See to it that both roles and the database exist, and have the passwords of their files.

    Done at every start, so that a start that was cut short is finished by the next.
    """
    root = await connect(places, ROOT, database="postgres")
    try:
        await _make_roles(root, places.secrets)
    finally:
        await root.close()


async def make_roles_by(address: str, secrets: Path) -> None:
    """The same on the server at HOST:PORT, which several may do at once: one does, others wait.

    Raises:
        Outage: it cannot be reached, or is no primary.
        DatabaseWontStart: it does not take our password.
    """
    dsn = compose_dsn_by(address, secrets=secrets, role=ROOT, database="postgres")
    try:
        root = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S)
    except asyncpg.InvalidPasswordError as error:
        raise _password_refused(secrets) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise Outage("postgresql") from error
    try:
        await root.execute("SELECT pg_advisory_lock($1)", MAKING_ROLES)
        await _make_roles(root, secrets)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Outage("postgresql") from error
    finally:
        # Dropped and not closed politely: a server that hangs must not hold us.
        root.terminate()


async def _make_roles(root: asyncpg.Connection, secrets: Path) -> None:
    await root.execute(SILENCE)
    for role, right in ((OWNER, ""), (APP, ""), (BACKUP, "REPLICATION")):
        password = keep_password(secrets, role)
        exists = await root.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if exists else "CREATE"
        await root.execute(f"{verb} ROLE {role} LOGIN {right} PASSWORD '{password}'")
    if not await root.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
        await root.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    await close_to_others(root, DATABASE)


async def close_to_others(root: asyncpg.Connection, database: str) -> None:
    """Only our two roles may enter; PostgreSQL lets everyone in by default."""
    await root.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    await root.execute(f"GRANT CONNECT ON DATABASE {database} TO {APP}")


async def connect(places: Places, role: str, *, database: str) -> asyncpg.Connection:
    dsn = compose_dsn(sockets=places.sockets, secrets=places.secrets, role=role, database=database)
    try:
        return await asyncpg.connect(dsn)
    except asyncpg.InvalidPasswordError as error:
        raise _password_refused(places.secrets) from error


def _password_refused(secrets: Path) -> DatabaseWontStart:
    return DatabaseWontStart(
        zh=f"数据库不接受 {secrets} 中的密码。请恢复与数据一同备份的 secrets 文件夹。",
        en=f"The database does not accept the passwords in {secrets}. Put back the "
        "secrets folder that was backed up with the data.",
    )
