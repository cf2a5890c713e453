"""Roles and their passwords.

    kaipiao_root    superuser; makes the other two, and nothing else uses it
    kaipiao_owner   owns the database and its tables; runs migrations
    kaipiao_app     what the servers use; may do what the migrations grant, and no DDL
    kaipiao_backup  what backups use; may read the whole server as it streams, and no SQL of ours

A password lives in one file a role, in the form that libpq and asyncpg read by themselves
(``passfile``), so a DSN holds no secret and may be shown, logged and passed on.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import quote, urlencode

ROOT = "kaipiao_root"
OWNER = "kaipiao_owner"
APP = "kaipiao_app"
BACKUP = "kaipiao_backup"
DATABASE = "kaipiao"

PASSWORD_BYTES = 32


def keep_password(folder: Path, role: str) -> str:
    """The password of ``role``, made and stored durably (0600) when there is none yet."""
    path = password_file(folder, role)
    if not path.exists():
        _write_private(path, f"*:*:*:{role}:{secrets.token_urlsafe(PASSWORD_BYTES)}\n")
    return path.read_text(encoding="ascii").rstrip("\n").rpartition(":")[2]


def password_file(folder: Path, role: str) -> Path:
    return folder / f"{role}.pgpass"


def compose_dsn(*, sockets: Path, secrets: Path, role: str, database: str = DATABASE) -> str:
    """A DSN for asyncpg and libpq; the password stays in its file."""
    where = {"host": sockets, "port": 5432, "passfile": password_file(secrets, role)}
    return f"postgresql://{role}@/{quote(database)}?{urlencode(where)}"


def compose_dsn_by(
    address: str,
    *,
    secrets: Path,
    role: str,
    database: str = DATABASE,
    authority: Path | None = None,
) -> str:
    """The same through TCP: ``address`` is HOST:PORT.

    With ``authority`` (PEM) over TLS only, and with a server whose certificate it issued; the
    name in it is not looked at, because the way may lead through a proxy.
    """
    where: dict[str, Path | str] = {"passfile": password_file(secrets, role)}
    if authority is not None:
        where |= {"sslmode": "verify-ca", "sslrootcert": authority}
    return f"postgresql://{role}@{address}/{quote(database)}?{urlencode(where)}"


def owner_dsn(app_dsn: str) -> str:
    """The owner's DSN of the database that servers reach by this one, which we composed."""
    assert APP in app_dsn
    return app_dsn.replace(APP, OWNER)


def root_dsn(app_dsn: str) -> str:
    """The superuser's; only of a server of our own, beside whose password the app's lies."""
    assert APP in app_dsn
    return app_dsn.replace(APP, ROOT)


def _write_private(path: Path, text: str) -> None:
    """All of it or nothing, readable by us alone from the first byte on."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
