"""Wiring for ``kaipiao archive``: the cell's database, its published log, its archive folder."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kaipiao.app.audit import operating
from kaipiao.app.courtesy import BACKGROUND, step_back
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.membership import NotAlone as NotAlone
from kaipiao.app.membership import check_archive_is_shared
from kaipiao.app.settings import Settings
from kaipiao.errors import Outage
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.note import parse_vkey
from kaipiao.evidence.proven import ProvenLeaves
from kaipiao.ledger.archive.archiver import Archiver, open_archiver
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.embedded.passwords import owner_dsn
from kaipiao.ledger.pool import Pool
from kaipiao.ports import Clock


class NotTheCellsUser(Exception):
    """Files that we write, the cell's servers could not read."""


@asynccontextmanager
async def open_cell_archiver(
    settings: Settings, clock: Clock, *, what: str = ""
) -> AsyncIterator[Archiver]:
    """The archiver of the cell in this data folder; of a running one, unless it has a DSN.

    ``what`` is archived, as the audit log says it; empty: nothing is changed.

    Raises:
        NotTheCellsUser: run as another user than the cell.
        NotAlone: a member of a cluster would archive into a folder of its own.
        Outage: it does not run, or its database does not answer.
        OSError, TilesDamaged: there is no log there whose checkpoint is signed by its key.
        ArchiverBusy: another one is at work.
    """
    folder = CellFolder(settings.data)
    if folder.path.stat().st_uid != os.geteuid():
        raise NotTheCellsUser
    if what:
        check_archive_is_shared(folder)
    step_back(BACKGROUND)
    vkey = (folder.secrets / VKEY_NAME).read_text(encoding="utf-8").strip()
    log = ProvenLeaves(lambda name: (folder.evidence / name).read_bytes(), parse_vkey(vkey))
    dsn = owner_dsn_of(folder, settings)
    async with (
        open_archiver(dsn, folder.archive, log, clock.now()) as archiver,
        _written_down(dsn, clock, what),
    ):
        yield archiver


@asynccontextmanager
async def _written_down(dsn: str, clock: Clock, what: str) -> AsyncIterator[None]:
    if not what:
        yield
        return
    pool = await Pool.open(dsn)
    try:
        async with operating(AuditRows(pool), "archive.run", what, clock=clock):
            yield
    finally:
        await pool.close()


def owner_dsn_of(folder: CellFolder, settings: Settings) -> str:
    """With which tables may be changed.  Raises Outage: the cell does not run."""
    if settings.dsn:
        return settings.dsn_owner or settings.dsn
    running = read_running(folder)
    if running is None or not running.dsn:
        raise Outage(f"cell ({folder.path})")
    return owner_dsn(running.dsn)
