"""Wiring for ``kaipiao backup`` and ``kaipiao restore``: a cell's folder, its server, its log."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from kaipiao.app.audit import compose, operating, operator
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, OnlySupervisor, read_running
from kaipiao.app.log_keys import open_log_keys
from kaipiao.app.settings import Settings, load_settings
from kaipiao.continuity.backup.prove import Proof, prove, read_told
from kaipiao.continuity.backup.prune import prune
from kaipiao.continuity.backup.restore import MARK, choose, forget_restore, lay_out, replay, spell
from kaipiao.continuity.backup.shelf import Backup, Series, Shelf
from kaipiao.continuity.backup.stream import slot_for
from kaipiao.continuity.backup.take import Cell, take_backup
from kaipiao.continuity.backup.tools import Reach, Tools, reach_of, tools_of
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.errors import Outage
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.embedded.settings import Size
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.store import Store

MEMORY_NAME = "backup-series.json"
SCRATCH = "scratch-"
Say = Callable[[str], None]
"""Told which step begins: check, replay, prove, stop."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, and how it stands to what was published."""

    backup: Backup
    to: str  # the moment asked for; empty: the last there is
    proof: Proof
    data: str


class At(msgspec.Struct, frozen=True):
    """A running cell and the place of its backups."""

    shelf: Shelf
    series: Series
    cell: Cell
    tools: Tools
    reach: Reach
    slot: str  # by which the server keeps what this folder's stream has not received


def find_cell(settings: Settings, folder: Path, dsn: str = "") -> At:
    """The running cell in this data folder; ``dsn`` if it is known already.

    Raises:
        BackupWrong: its database is not ours to copy, or the folder is closed to its user.
        Outage: it does not run.
    """
    place = CellFolder(settings.data)
    if settings.dsn:
        raise BackupWrong(
            zh="该单元的数据库由 --dsn 指定: 请用那台服务器自己的备份。",
            en="This cell's database is a server named by its DSN: back that up by its own means.",
        )
    if not dsn:
        running = read_running(place)
        if running is None or not running.dsn:
            raise Outage(f"cell ({place.path})")
        dsn = running.dsn
    sockets = parse_qs(urlsplit(dsn).query)["host"][0]
    tools = tools_of(place.path)
    tools.open_shelf(folder)
    shelf = Shelf(folder)
    series = shelf.series_of(place.run / MEMORY_NAME, SystemClock().now())
    cell = Cell(place.path, settings.area, settings.log_origin)
    reach = reach_of(place.path, sockets)
    return At(shelf, series, cell, tools, reach, slot_for(folder))


async def backup_now(settings: Settings, folder: Path, *, full: bool) -> Backup:
    """Take a backup of the running cell.  Raises BackupWrong, Outage, OSError."""
    at = find_cell(settings, folder)
    clock = SystemClock()
    async with _trail(settings) as trail, operating(trail, "backup.take", str(folder), clock=clock):
        return await asyncio.to_thread(
            take_backup, at.series, at.cell, at.tools, at.reach, clock, full=full
        )


@asynccontextmanager
async def _trail(settings: Settings) -> AsyncIterator[AuditRows]:
    running = read_running(CellFolder(settings.data))
    if running is None:
        raise Outage(f"cell ({settings.data})")
    pool = await Pool.open(running.dsn)
    try:
        yield AuditRows(pool)
    finally:
        await pool.close()


async def prune_now(settings: Settings, folder: Path, *, keep_days: int) -> list[Backup]:
    """Remove old backups of the running cell.  Raises BackupWrong, Outage, OSError."""
    at, clock = find_cell(settings, folder), SystemClock()
    days = str(keep_days)
    async with (
        _trail(settings) as trail,
        operating(trail, "backup.prune", str(folder), clock=clock, keep_days=days),
    ):
        return await asyncio.to_thread(prune, at.series, clock.now(), keep_days=keep_days)


async def restore_cell(
    data: Path,
    folder: Path,
    to: datetime | None,
    *,
    say: Say,
    rewound: bool = False,
    size: Size | None = None,
) -> Restored:
    """Restore into the empty folder ``data``, stopped.  What falls short is removed again.

    ``rewound``: a ledger with fewer leaves than were published will do; for verifying only.

    Raises:
        BackupWrong: see ``lay_out`` and ``replay``; or the ledger is older than what was said.
        AlreadyRunning: a cell runs there.
    """
    CellFolder(str(data)).path.mkdir(parents=True, exist_ok=True)
    series, backup = choose(Shelf(folder), to)
    say("check")
    tools = await asyncio.to_thread(lay_out, series, backup, data, to)
    place = CellFolder(str(data))
    place.make()
    with OnlySupervisor(place):
        try:
            restored = await _replay_and_prove(data, backup, tools, to, say=say, size=size)
            _judge(restored.proof, to, rewound=rewound)
        except (BackupWrong, ValueError):
            # What was laid out is a copy of what the backup has: nothing is lost with it.
            await asyncio.to_thread(forget_restore, data)
            raise
    (data / MARK).unlink()
    return restored


async def _replay_and_prove(
    data: Path, backup: Backup, tools: Tools, to: datetime | None, *, say: Say, size: Size | None
) -> Restored:
    say("replay")
    server = await replay(data, tools, size=size)
    try:
        say("prove")
        settings = load_settings({"data": str(data)}, {})
        settings = msgspec.structs.replace(settings, area=backup.area, log_origin=backup.log_origin)
        proof = await _prove(settings, server.dsn_app)
        spelled = spell(to) if to else ""
        await _note(settings, server.dsn_app, backup, proof, spelled)
    finally:
        say("stop")
        await server.stop()
    return Restored(backup=backup, to=spelled, proof=proof, data=str(data))


async def _prove(settings: Settings, dsn: str) -> Proof:
    folder, clock = CellFolder(settings.data), SystemClock()
    keyring = open_log_keys(folder, settings, now=clock.now())
    keys = [period.key for period in keyring.periods]
    source, told = read_told(folder.evidence, keys)
    store = await Store.open(
        dsn,
        clock=clock,
        area=settings.area,
        channel=settings.channel,
        archive=folder.archive,
    )
    try:
        return await prove(store.order, source, told)
    finally:
        await store.close()


async def _note(settings: Settings, dsn: str, backup: Backup, proof: Proof, to: str) -> None:
    """The restored cell's own audit log says that it was restored, by whom, and from what."""
    facts = {"to": to, "leaves": str(proof.leaves), "told": str(proof.told)}
    event = compose(
        "cell.restore",
        backup.name,
        actor=operator(),
        clock=SystemClock(),
        stage="noted",
        facts=facts,
    )
    pool = await Pool.open(dsn)
    try:
        await AuditRows(pool).append([event])
    finally:
        await pool.close()


def _judge(proof: Proof, to: datetime | None, *, rewound: bool) -> None:
    """Raises BackupWrong: a cell that went on from here would take back its word."""
    if proof.verdict == "differs":
        raise BackupWrong(
            zh=f"恢复的账本导出另一个根 (前 {proof.told} 项), 与发布的检查点不符: 这不是同一本账。"
            "没有放回任何内容。请用另一份备份。",
            en=f"The restored ledger leads to another root for its first {proof.told} leaves than "
            "was published: it is not the same ledger. Nothing was put in place. Use another "
            "backup.",
        )
    if proof.verdict == "shorter" and not rewound:
        missing = proof.told - proof.leaves
        moment_zh = "该时间早于已发布的日志" if to else "备份流在最后发布的检查点之前就结束了"
        moment_en = (
            "That moment is earlier than the published log"
            if to
            else "The stream ends before the checkpoint that was published last"
        )
        raise BackupWrong(
            zh=f"{moment_zh}: 账本有 {proof.leaves} 项, 已发布 {proof.told} 项, 缺 {missing} 项。"
            "从这里继续会收回已作的承诺, 见证方会拒绝。没有放回任何内容。"
            "恢复到最后一刻: 不带 --to。只想知道那时有多少项: kaipiao backup verify --to 时间。",
            en=f"{moment_en}: the ledger has {proof.leaves} leaves, {proof.told} were published, "
            f"{missing} are missing. To go on from here would take back what was said, and "
            "witnesses would refuse it. Nothing was put in place. To the last moment: leave "
            "--to out. To see what there was then: kaipiao backup verify --to TIME.",
        )


async def verify_backup(
    folder: Path, to: datetime | None, *, say: Say, size: Size | None = None
) -> Restored:
    """Restore into a scratch folder beside the backups, prove it, remove it.

    Raises:
        BackupWrong: it does not hold; in words.
    """
    scratch = await asyncio.to_thread(_make_scratch, folder)
    try:
        return await restore_cell(scratch, folder, to, say=say, rewound=to is not None, size=size)
    finally:
        await asyncio.to_thread(_remove, scratch)


def _make_scratch(folder: Path) -> Path:
    for left in folder.glob(f"{SCRATCH}*"):
        _remove(left)  # of a verification that was killed; one that runs holds its database
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=folder))
    scratch.chmod(0o711)
    return scratch


def _remove(scratch: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        forget_restore(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
