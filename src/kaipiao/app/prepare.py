"""What a cell needs before its first process starts: tables up to date, and every key there."""

from datetime import datetime
from pathlib import Path

from kaipiao.app.audit import note_start
from kaipiao.app.audit_log import open_audit_key
from kaipiao.app.clock import SystemClock
from kaipiao.app.database import Database
from kaipiao.app.first_key import ensure_first_key
from kaipiao.app.folder import CellFolder
from kaipiao.app.log_keys import open_log_keys
from kaipiao.app.outward import networks_of, relay_of, roster_of
from kaipiao.app.release_current import is_open
from kaipiao.app.settings import Settings, SettingsWrong
from kaipiao.app.stranger import check_no_stranger
from kaipiao.app.witnessing import check_witnessing
from kaipiao.base.sm import SmBroken
from kaipiao.continuity.release.current import ReleaseRefused
from kaipiao.delivery.sending.secret import KEY_NAME as DELIVERY_KEY
from kaipiao.delivery.sending.secret import open_delivery_key
from kaipiao.ledger.migrate import LeftBehind, migrate
from kaipiao.ledger.store import Store
from kaipiao.seal.document_key import DOCUMENT_KEY_NAME, open_document_key
from kaipiao.seal.local import KEY_NAME, open_seal


async def prepare(folder: CellFolder, settings: Settings, database: Database) -> None:
    """Bring tables up to date; make whatever keys are missing: of the log, the seal, deliveries,
    and the first API key.
    """
    await _migrate(folder, database)
    await check_no_stranger(folder, settings, database)
    clock = SystemClock()
    _open_log_keys(folder, settings, now=clock.now())
    _open_keys(folder.secrets, settings.log_origin, now=clock.now())
    _open_audit_key(folder, settings)
    networks_of(settings)
    relay_of(settings, folder.secrets)
    roster_of(settings)
    store = await Store.open(
        database.app, clock=clock, area=settings.area, channel=settings.channel
    )
    try:
        await note_start(store.audit, settings, clock)
        await ensure_first_key(folder, store.directory, store.audit, clock)
    finally:
        await store.close()


async def _migrate(folder: CellFolder, database: Database) -> None:
    """Raises ReleaseRefused: the release that follows us was finished while we were away."""
    try:
        await migrate(database.owner, until="pre" if is_open(folder) else "post")
    except LeftBehind as ahead:
        data = folder.path
        raise ReleaseRefused(
            (
                f"数据库已完成较新版本的发布 ({ahead}), 本程序不认识。请换用该版本: "
                f"kaipiao release apply PROGRAM --at-rest --data {data}",
                f"a newer release was finished on this database ({ahead}), which this program "
                "does not know. Use that one: kaipiao release apply PROGRAM --at-rest "
                f"--data {data}",
            )
        ) from None


def _open_log_keys(folder: CellFolder, settings: Settings, *, now: datetime) -> None:
    """Raises SettingsWrong: a key there cannot be used, or SM2 is wanted and answers wrongly, or
    the witness policy is about other logs.
    """
    try:
        key = open_log_keys(folder, settings, now=now).newest.key
    except ValueError as error:
        origin = settings.log_origin
        raise SettingsWrong("log_origin", origin, zh=str(error), en=str(error)) from None
    except SmBroken as broken:
        labels = settings.log_signatures
        raise SettingsWrong("log_signatures", labels, zh=str(broken), en=str(broken)) from None
    check_witnessing(settings, key)


def _open_keys(secrets: Path, log_origin: str, *, now: datetime) -> None:
    """Raises SettingsWrong: a key there cannot be used."""
    try:
        open_delivery_key(secrets)
    except ValueError as error:
        raise SettingsWrong("secrets", DELIVERY_KEY, zh=str(error), en=str(error)) from None
    try:
        open_seal(secrets, log_origin, now=now)
    except ValueError as error:
        source = str(secrets / KEY_NAME)
        raise SettingsWrong("seal", source, zh=str(error), en=str(error)) from None
    try:
        open_document_key(secrets, log_origin, now=now)
    except ValueError as error:
        source = str(secrets / DOCUMENT_KEY_NAME)
        raise SettingsWrong("documents", source, zh=str(error), en=str(error)) from None


def _open_audit_key(folder: CellFolder, settings: Settings) -> None:
    """Raises SettingsWrong: the key there cannot be used."""
    try:
        open_audit_key(folder, settings)
    except ValueError as error:
        origin = settings.log_origin
        raise SettingsWrong("log_origin", origin, zh=str(error), en=str(error)) from None
