"""Give the log its next origin: the act of an operator, once a quarter.

1. keys        made in ``secrets/log-keys/``, or found there after a try that broke off
2. statement   signed by the keys that go and the keys that come, and kept beside them
3. entry       announced in the ledger, whose order gives it a place in the log
4. turn        the list of origins is replaced; the running cell takes it up by itself

Broken off before 4 nothing has changed, and the next try does the same again.
"""

import os
from datetime import datetime
from pathlib import Path

import msgspec

from kaipiao.app.archive import NotTheCellsUser as NotTheCellsUser
from kaipiao.app.audit import operating
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.membership import NotAlone as NotAlone
from kaipiao.app.membership import check_keys_came_along, check_same_keys, is_member
from kaipiao.app.settings import Settings
from kaipiao.base.durable import write_whole
from kaipiao.errors import Outage
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.signing.change import announcement_leaf, compose_change
from kaipiao.evidence.signing.keyring import Keyring, Period, read_periods
from kaipiao.evidence.signing.signers import parse_labels
from kaipiao.ledger.announcements import AnnouncementBoard
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.pool import Pool

STATEMENT_NAME = "statement"
MONTHS_A_QUARTER = 3


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    former: Period
    newest: Period


def next_origin(log: str, now: datetime) -> str:
    """The log's name and the quarter: ``kaipiao.example/31-1/2027q1``."""
    return f"{log}/{now.year}q{(now.month - 1) // MONTHS_A_QUARTER + 1}"


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """Keys that exist and do not sign yet: for witnesses and policies to be told beforehand."""

    origin: str
    vkeys: tuple[str, ...]


def prepare(settings: Settings, origin: str | None, *, now: datetime) -> Prepared:
    """Make the next origin's keys, or find them made.  Raises as ``rotate``.

    On a member of a cluster the statement as well: all members announce the same entry.
    """
    folder, keyring, origin = _begin(settings, origin, now)
    vkeys = tuple(str(signer.verifier) for signer in keyring.prepare(origin))
    if is_member(folder):
        _statement(folder, keyring, origin, now)
    return Prepared(origin=origin, vkeys=vkeys)


async def rotate(settings: Settings, origin: str | None, *, now: datetime) -> Rotated:
    """Let ``origin`` (default: ``next_origin``) be the name under which the log is signed.

    Raises:
        NotTheCellsUser: run as another user than the cell.
        NotAlone: a member of a cluster whose others do not have these keys, as far as we see.
        ValueError: this origin was used before, or the keys cannot be used.
        Outage: the cell does not run, or its database does not answer.
    """
    folder, keyring, origin = _begin(settings, origin, now)
    prepared = keyring.prepared_folder()
    check_keys_came_along(folder, prepared, prepared / STATEMENT_NAME)
    text = _statement(folder, keyring, origin, now)
    leaf = announcement_leaf(text)
    pool = await Pool.open(_dsn(folder, settings))
    try:
        board = AnnouncementBoard(pool)
        check_same_keys(folder, origin, leaf, await board.all())
        async with operating(AuditRows(pool), "log_key.rotate", origin, clock=SystemClock()):
            await board.add(leaf, text)
            turned = keyring.turn(origin, leaf.hex(), now)
    finally:
        await pool.close()
    return Rotated(former=turned.periods[-2], newest=turned.newest)


def _begin(
    settings: Settings, origin: str | None, now: datetime
) -> tuple[CellFolder, Keyring, str]:
    folder = CellFolder(settings.data)
    if folder.path.stat().st_uid != os.geteuid():
        raise NotTheCellsUser
    periods = read_periods(folder.secrets)  # whatever flags its cell was started with
    if not periods:
        raise Outage(f"cell ({folder.path})")
    keyring = Keyring(folder.secrets, periods, parse_labels(settings.log_signatures))
    return folder, keyring, origin or next_origin(keyring.log, now)


def _statement(folder: CellFolder, keyring: Keyring, origin: str, now: datetime) -> str:
    """As it was first made: whoever tries again announces the same entry."""
    new = keyring.prepare(origin)
    path: Path = keyring.prepared_folder() / STATEMENT_NAME
    if not path.exists():
        size = PublishedLog(folder.evidence).checkpoint().size
        text = compose_change(log=keyring.log, old=keyring.signers(), new=new, after=size, at=now)
        write_whole(path, text.encode())
    return path.read_text(encoding="utf-8")


def _dsn(folder: CellFolder, settings: Settings) -> str:
    running = read_running(folder)
    dsn = settings.dsn or (running.dsn if running else "")
    if not dsn:
        raise Outage(f"cell ({folder.path})")
    return dsn
