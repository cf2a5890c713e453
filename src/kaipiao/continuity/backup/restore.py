"""A cell laid out again in an empty folder, and replayed to a moment.

1. check     every file of the chain against its manifest, before anything is written
2. combine   the chain into one base, as the server's user
3. settings  where the log of the database lies, and where to stop
4. replay    the server starts, reads the log, stops at the moment and opens a new timeline

A restore that is interrupted is begun again by the same command: ``restoring`` marks the folder.
"""

import asyncio
import re
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

from kaipiao.continuity.backup.carried import put_back
from kaipiao.continuity.backup.shelf import Backup, Series, Shelf
from kaipiao.continuity.backup.take import ended_before
from kaipiao.continuity.backup.tools import Tools, tools_for
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.places import make_places
from kaipiao.ledger.embedded.remove import remove_database
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.embedded.settings import Size

MARK = "restoring"
OURS = (MARK, "secrets", "archive", "evidence", "audit", "config.json", "vendors.json")


def choose(shelf: Shelf, at: datetime | None) -> tuple[Series, Backup]:
    """The newest backup that ended at ``at`` or before; None: the newest.

    Raises:
        BackupWrong: there is none; it says which is the oldest.
    """
    backups = shelf.backups()
    if (place := ended_before(backups, at)) >= 0:
        return backups[place]
    if not backups:
        raise BackupWrong(
            zh=f"{shelf.path} 中没有备份。做一次: kaipiao backup --folder {shelf.path}",
            en=f"There is no backup in {shelf.path}. "
            f"To make one: kaipiao backup --folder {shelf.path}",
        )
    oldest = spell(backups[0][1].ended_at)
    raise BackupWrong(
        zh=f"最早的备份结束于 {oldest}, 无法恢复到更早。请用 --to {oldest} 或更晚的时间。",
        en=f"The oldest backup ended at {oldest}; nothing leads further back. Give that moment or "
        f"a later one: --to {oldest}",
    )


def spell(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_chain(series: Series, backup: Backup, tools: Tools) -> list[Backup]:
    """Every file of all that ``backup`` builds upon is what it was.

    Raises:
        BackupWrong: one is not, or is missing; in pg_verifybackup's words.
    """
    try:
        chain = series.chain(backup)
    except KeyError as missing:
        name = missing.args[0]
        raise BackupWrong(
            zh=f"备份 {backup.name} 依赖的 {name} 不见了。请从另一份恢复: kaipiao backup list",
            en=f"Backup {backup.name} builds upon {name}, which is gone. Restore from another: "
            "kaipiao backup list",
        ) from None
    for one in chain:
        tools.run("pg_verifybackup", "--quiet", "--exit-on-error", series.base(one.name))
    return chain


def check_stream(series: Series, backup: Backup) -> None:
    """No file is missing between the backup and the newest: the server would stop there quietly.

    Raises:
        BackupWrong: one is.
    """
    held = {*segments_in(series.base(backup.name) / "pg_wal"), *segments_in(series.wal)}
    first = segment_number(backup.segment)
    wanted = range(first, max(held, default=first) + 1)
    if missing := [number for number in wanted if number not in held]:
        name = f"{backup.segment[:8]}{missing[0] // 256:08X}{missing[0] % 256:08X}"
        raise BackupWrong(
            zh=f"备份流缺少 {len(missing)} 个文件, 第一个是 {name}。它之后的内容无法恢复; "
            "可用 --to 恢复到它之前的时间。",
            en=f"{len(missing)} files of the stream are missing, {name} first. Nothing after it "
            "can be restored; give a moment before it: --to TIME",
        )


def segments_in(folder: Path) -> set[int]:
    """The places of the WAL files here, whole or partial, of any timeline."""
    names = (path.name.removesuffix(".partial") for path in folder.glob("*"))
    return {segment_number(name) for name in names if SEGMENT.fullmatch(name)}


SEGMENT = re.compile("[0-9A-F]{24}")


def segment_number(name: str) -> int:
    """In the order of the log; files have 16 MB, 256 to a number in the middle."""
    return int(name[8:16], 16) * 256 + int(name[16:24], 16)


def lay_out(
    series: Series, backup: Backup, data: Path, at: datetime | None, *, tools: Tools | None = None
) -> Tools:
    """Steps 1 to 3.

    Raises:
        BackupWrong: the folder holds a cell, or the backup does not hold.
        DatabaseWontStart: no PostgreSQL of that version, or a folder is closed to its user.
    """
    _make_empty(data)
    tools = tools or tools_for(backup.version, data)
    chain = check_chain(series, backup, tools)
    if at is None:
        check_stream(series, backup)
    (data / MARK).write_text(f"{backup.name}\n", encoding="ascii")
    put_back(series.cell(backup.name), series.archive, series.seen, data)
    places = make_places(data.resolve(), tools.account)
    draft = tools.make(places.home / "data.new")
    bases = [series.base(one.name) for one in chain]
    tools.run("pg_combinebackup", *bases, "-o", draft)
    tools.append(draft / "postgresql.auto.conf", _recovery(series, at))
    tools.put(draft / "recovery.signal", "")
    draft.rename(places.data)
    return tools


def _make_empty(data: Path) -> None:
    """Take back what an interrupted restore left; anything else is not ours to remove."""
    data.mkdir(parents=True, exist_ok=True)
    if (data / MARK).exists():
        forget_restore(data)
    if left := sorted(path.name for path in data.iterdir()):
        raise BackupWrong(
            zh=f"{data} 不是空的 ({', '.join(left[:5])})。请用 --data 指定空目录。",
            en=f"{data} is not empty ({', '.join(left[:5])}). Name an empty folder: --data DIR",
        )


def forget_restore(data: Path) -> None:
    """Remove a cell that was restored and not accepted, for good."""
    remove_database(data)
    for path in data.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


BEGIN, END = "# a restore's, removed after it", "# end of a restore's"


def _recovery(series: Series, at: datetime | None) -> str:
    """What tells the server to replay; ``.partial`` is the newest file of the stream."""
    wal = shlex.quote(str(series.wal.resolve()))
    command = f'cp {wal}/"%f" "%p" 2>/dev/null || cp {wal}/"%f.partial" "%p" 2>/dev/null'
    lines = [BEGIN, f"restore_command = '{command.replace(chr(39), chr(39) * 2)}'"]
    lines.append("recovery_target_timeline = 'latest'")
    # With it, "ready" would be said as soon as it may be read, which is before the end.
    lines.append("hot_standby = off")
    if at is not None:
        lines.append(f"recovery_target_time = '{at.astimezone(UTC).isoformat()}'")
        lines.append("recovery_target_action = 'promote'")
    return "\n" + "\n".join([*lines, END, ""])


async def replay(data: Path, tools: Tools, *, size: Size | None = None) -> EmbeddedPostgres:
    """Step 4: the server, running, past its recovery.  The caller stops it.

    Raises:
        BackupWrong: the log does not reach the moment asked for, or a piece of it is missing.
        DatabaseWontStart: it did not start for another reason.
    """
    server = EmbeddedPostgres(data, size=size)
    try:
        await server.start()
    except DatabaseWontStart as failure:
        raise _explain(failure) from failure
    await asyncio.to_thread(_forget_settings, data, tools)
    return server


def _explain(failure: DatabaseWontStart) -> Exception:
    if "before configured recovery target" in failure.log:
        return BackupWrong(
            zh="备份流在要求的时间之前就结束了: 没有更晚的内容。不带 --to 再试, 恢复到最后一刻。",
            en="The stream ends before the moment asked for: nothing later was backed up. Without "
            "--to the cell is restored to the last moment there is.",
        )
    if "WAL ends before" in failure.log or "requested timeline" in failure.log:
        return BackupWrong(
            zh=f"备份流缺少一段, 无法重放: {failure.log[-600:]}",
            en=f"A piece of the stream is missing; it cannot be replayed: {failure.log[-600:]}",
        )
    return failure


def _forget_settings(data: Path, tools: Tools) -> None:
    path = make_places(data.resolve(), tools.account).data / "postgresql.auto.conf"
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(f"\n{BEGIN}\n")
    tools.put(path, before + rest.partition(f"{END}\n")[2])
