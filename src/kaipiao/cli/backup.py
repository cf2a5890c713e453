"""``kaipiao backup``: backups of a cell: taken, streamed, looked at, proved, cleared away."""

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, say_table, warn

_DATA = click.option("--data", metavar="DIR", help=t("单元的数据目录", "The cell's data folder."))
_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    metavar="DIR",
    help=t("备份目录; 默认为设置 backup_folder", "Of the backups; else the setting backup_folder."),
)
_JSON = click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
_FULL = click.option(
    "--full",
    is_flag=True,
    help=t("做完整备份, 不只是变化的部分", "All of it, not only what changed since the last."),
)

STEPS = {
    "fill": ("开票", "Issuing"),
    "backup": ("备份", "Backing up"),
    "load": ("加负载", "Selling on"),
    "blow": ("杀掉一切, 删除目录", "Killing everything, removing the folder"),
    "start": ("启动", "Starting"),
    "receipts": ("逐张核对", "Asking for every receipt again"),
    "check": ("核对备份的每个文件", "Checking every file of the backup"),
    "replay": ("重放日志", "Replaying the log of the database"),
    "prove": ("从账本重算存证日志的根", "Making the evidence log's root again from the ledger"),
    "stop": ("停止数据库", "Stopping the database"),
}


@click.group(
    "backup",
    invoke_without_command=True,
    help=t(
        """备份: 不带子命令即立刻做一次。

        一次备份含数据库、密钥和密码 (secrets/)、设置、归档文件和最新的检查点。第一次是完整的,
        之后只存变化的部分, 每七次再做一次完整的。kaipiao backup stream 随写随收数据库日志,
        使恢复能到最后一刻; 没有它, 只能恢复到各次备份结束时。

        谁拿到备份, 谁就拿到单元的密钥: 请像保管单元一样保管备份目录, 并放在另一块磁盘或机器上。

        \b
        例:  kaipiao backup --folder /mnt/backup
             kaipiao backup stream --folder /mnt/backup
             kaipiao backup verify --folder /mnt/backup
             kaipiao restore --from /mnt/backup --data /srv/new

        退出码: 0 完成, 1 被拒绝或不符, 3 单元没有运行。
        """,
        """Back up a cell.  Without a subcommand: take one now.

        A backup holds the database, keys and passwords (secrets/), settings, the archive, and the
        newest checkpoints.  The first is whole, the next hold what changed, every seventh is whole
        again.  kaipiao backup stream receives the database's log as it is written, so that a
        restore reaches the last moment; without it, only the ends of backups.

        Whoever has a backup has the cell's keys: keep its folder as you keep the cell, and on
        another disk or machine.

        \b
        Examples:  kaipiao backup --folder /mnt/backup
                   kaipiao backup stream --folder /mnt/backup
                   kaipiao backup verify --folder /mnt/backup
                   kaipiao restore --from /mnt/backup --data /srv/new

        Exits 0 if done, 1 if refused or found wrong, 3 if the cell does not run.
        """,
    ),
)
@_FOLDER
@_FULL
@_DATA
@_JSON
@click.pass_context
def command(
    context: click.Context, folder: Path | None, full: bool, data: str | None, as_json: bool
) -> None:
    context.obj = (folder, data)
    if context.invoked_subcommand is None:
        _now(folder, full, data, as_json)


@command.command(
    "now", help=t("立刻做一次备份 (同 kaipiao backup)。", "Take one now (as kaipiao backup does).")
)
@_FOLDER
@_FULL
@_DATA
@_JSON
def now(folder: Path | None, full: bool, data: str | None, as_json: bool) -> None:
    _now(folder, full, data, as_json)


def _now(folder: Path | None, full: bool, data: str | None, as_json: bool) -> None:
    from kaipiao.app.backup import backup_now
    from kaipiao.app.settings import load_settings

    settings = load_settings({"data": data}, os.environ)
    where = folder_of(folder, data)
    warn(t(f"备份到 {where} …", f"Backing up to {where} …"))
    backup = asyncio.run(backup_now(settings, where, full=full))
    if as_json:
        say_json(_told(backup))
        return
    kind = t(*_KINDS[backup.kind])
    say(
        t(
            f"已备份 {backup.name} ({kind}, {megabytes(backup.bytes)})。"
            f"核对它: kaipiao backup verify --folder {where}",
            f"Backed up: {backup.name} ({kind}, {megabytes(backup.bytes)}). "
            f"To prove it: kaipiao backup verify --folder {where}",
        )
    )


_KINDS = {"full": ("完整", "full"), "incremental": ("变化部分", "incremental")}


@command.command(
    "stream",
    help=t(
        """随写随收数据库日志, 直到 Ctrl-C 或 SIGTERM; 每两秒带走最新的检查点。断开后自动重连。

        有了它, 恢复能到最后一刻。停着时服务器为它保留日志, 但不超过上限: 停得太久就会有缺口,
        那时用 --anew 重新开始, 再做一次备份。

        退出码: 0 正常停止, 1 有缺口或被拒绝, 3 单元没有运行。
        """,
        """Receive the database's log as it is written, until Ctrl-C or SIGTERM; the newest
        checkpoints come along every two seconds.  It reconnects by itself.

        With it a restore reaches the last moment.  While it is away the server keeps the log for
        it, up to a limit: away for too long, there is a hole; then begin again with --anew, and
        take a backup.

        Exits 0 after a stop, 1 if there is a hole or it is refused, 3 if the cell does not run.
        """,
    ),
)
@_FOLDER
@click.option(
    "--anew",
    is_flag=True,
    help=t("丢弃旧的流, 另起一个系列", "Drop the former stream, begin another series."),
)
@_DATA
def stream(folder: Path | None, anew: bool, data: str | None) -> None:
    from kaipiao.app.settings import load_settings

    settings = load_settings({"data": data}, os.environ)
    asyncio.run(_stream(settings, folder_of(folder, data), anew))
    say(t("已停止。", "Stopped."))


async def _stream(settings: Any, folder: Path, anew: bool) -> None:
    import signal

    from kaipiao.app.backup_stream import keep_stream, open_stream
    from kaipiao.app.folder import CellFolder

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    at = await asyncio.to_thread(open_stream, settings, folder, anew=anew)
    say(
        t(
            f"正在接收到 {at.series.wal}。停止: Ctrl-C",
            f"Receiving into {at.series.wal}. To stop: Ctrl-C",
        )
    )
    await keep_stream(at, CellFolder(settings.data).logs / "stream.txt", stop)


@command.command(
    "list",
    help=t(
        "列出备份: 名称、种类、结束时间 (UTC)、大小。",
        "List backups: name, kind, when it ended (UTC), size.",
    ),
)
@_FOLDER
@_DATA
@_JSON
def list_(folder: Path | None, data: str | None, as_json: bool) -> None:
    from kaipiao.continuity.backup.shelf import Shelf

    where = folder_of(folder, data)
    backups = [one for _, one in Shelf(where).backups()]
    if as_json:
        for one in backups:
            say_json(_told(one))
        return
    if not backups:
        say(t(f"{where} 中没有备份。", f"There is no backup in {where}."))
        return
    rows = [
        (one.name, t(*_KINDS[one.kind]), f"{one.ended_at:%Y-%m-%d %H:%M:%S}", megabytes(one.bytes))
        for one in backups
    ]
    say_table(rows, right=(3,))


@command.command(
    "verify",
    help=t(
        """证明备份可用: 恢复到旁边的临时目录, 重放, 启动, 从恢复的账本重算存证日志的根, 与最后见证
        (否则最后发布) 的检查点比较, 然后删除临时目录。需要与单元同样大的磁盘空间。

        退出码: 0 可用且根相符, 1 不可用或不符。
        """,
        """Prove that a backup will do: restore it into a scratch folder beside it, replay it, start
        it, make the evidence log's root again from the restored ledger, hold that against the
        last checkpoint that was witnessed (else published), and remove the scratch.  It takes as
        much disk as the cell.

        Exits 0 if it will do and the root is the same, 1 if not.
        """,
    ),
)
@_FOLDER
@click.option("--to", metavar="TIME", help=t("重放到这一时刻", "Replay to this moment."))
@_DATA
@_JSON
def verify(folder: Path | None, to: str | None, data: str | None, as_json: bool) -> None:
    from kaipiao.app.backup import verify_backup

    restored = asyncio.run(verify_backup(folder_of(folder, data), moment(to), say=say_step))
    if as_json:
        say_json(restored)
    else:
        say(proof_in_words(restored.proof))


@command.command(
    "drill",
    help=t(
        """恢复演练: 在临时目录中启动一个单元, 开票, 备份, 在负载下杀掉一切并删除整个目录,
        再从备份恢复, 逐张核对每一张已应答的发票, 并计时。不触碰任何现有的单元。

        退出码: 0 一秒以前应答的全部还在且根相符, 1 不是。
        """,
        """A restore drill: start a cell in a scratch folder, issue, back up, kill everything under
        load and remove the whole folder; restore it from its backups and ask again for every
        invoice that was acknowledged.  Timed.  No cell that exists is touched.

        Exits 0 if all that was acknowledged a second before the blow, or earlier, is there and
        the root is the same; 1 if not.
        """,
    ),
)
@click.option(
    "--invoices",
    type=click.IntRange(0, 100_000_000),
    default=2_000,
    show_default=True,
    help=t("先开多少张", "How many to issue first."),
)
@click.option(
    "--in",
    "place",
    type=click.Path(path_type=Path, file_okay=False, exists=True, resolve_path=True),
    metavar="DIR",
    help=t("在此目录下演练 (大的演练需要磁盘)", "Where: large drills need the disk."),
)
@_JSON
@click.pass_context
def drill(context: click.Context, invoices: int, place: Path | None, as_json: bool) -> None:
    from kaipiao.app.backup_drill import run_drill

    found = asyncio.run(run_drill(invoices, say=say_step, place=place))
    if as_json:
        say_json(found)
    else:
        _show_drill(found)
    context.exit(exits.OK if found.holds else exits.NO)


def _show_drill(found: Any) -> None:
    root = t("相同", "the same") if found.root_extends else t("不同", "another")
    say(
        t(
            f"{found.acknowledged:,} 张已应答, 丢失 {found.acknowledged_lost} 张 "
            f"(其中 {found.lost_late} 张在最后一秒); 根{root}。",
            f"{found.acknowledged:,} were acknowledged; {found.acknowledged_lost} are lost, "
            f"{found.lost_late} of them from the last second; the root is {root}.",
        )
    )
    say(
        t(
            f"{megabytes(found.cell_bytes)}: 恢复 {found.restore_s} 秒, 启动 {found.start_s} 秒。",
            f"{megabytes(found.cell_bytes)} took {found.restore_s} s to restore and prove, "
            f"{found.start_s} s to start.",
        )
    )


@command.command(
    "prune",
    help=t(
        """删除超过 --keep-days 天的备份和不再需要的日志。最新的一次和它所依赖的总是保留。""",
        """Remove backups older than --keep-days and the log that nothing needs any more.  The
        newest one, and what it builds upon, always stays.
        """,
    ),
)
@_FOLDER
@click.option(
    "--keep-days",
    type=click.IntRange(0, 3_650),
    default=14,
    show_default=True,
    help=t("保留天数", "Days to keep."),
)
@_DATA
@_JSON
def prune(folder: Path | None, keep_days: int, data: str | None, as_json: bool) -> None:
    from kaipiao.app.backup import prune_now
    from kaipiao.app.settings import load_settings

    settings = load_settings({"data": data}, os.environ)
    gone = asyncio.run(prune_now(settings, folder_of(folder, data), keep_days=keep_days))
    if as_json:
        say_json([_told(one) for one in gone])
        return
    say(t(f"已删除 {len(gone)} 个备份。", f"{len(gone)} backups removed."))


def folder_of(folder: Path | None, data: str | None) -> Path:
    """Where the backups are: as said here, or before the subcommand."""
    from kaipiao.app.settings import load_settings

    context = click.get_current_context()
    before = context.obj or (None, None)
    said = folder or before[0] or load_settings({"data": data}, os.environ).backup_folder
    if not said:
        raise click.UsageError(
            t(
                "请给出备份目录: --folder 目录 (或设置 backup_folder)",
                "name the folder of the backups: --folder DIR (or set backup_folder)",
            )
        )
    return Path(said)


def moment(text: str | None) -> datetime | None:
    """An instant as people write it; without a zone it is Beijing's."""
    if text is None:
        return None
    from kaipiao.fiscal.month import BEIJING

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            t(
                f"时间写作 2026-11-25T20:00:00 (北京时间) 或 2026-11-25T12:00:00Z, 而非 {text}",
                "a moment is written 2026-11-25T20:00:00 (Beijing) or 2026-11-25T12:00:00Z, "
                f"not {text}",
            )
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)


def say_step(step: str) -> None:
    warn(f"  {t(*STEPS[step])} …")


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _told(backup: Any) -> dict[str, Any]:
    return {"kind": backup.kind, **msgspec.to_builtins(backup)}


def proof_in_words(proof: Any) -> str:
    seen = t(*_SOURCES[proof.source])
    if proof.verdict == "proved":
        return t(
            f"可用。账本有 {proof.leaves:,} 项; 前 {proof.told:,} 项的根与{seen}的检查点相同。",
            f"It will do. The ledger has {proof.leaves:,} leaves; the root of the first "
            f"{proof.told:,} is that of the checkpoint that was {seen}.",
        )
    if proof.verdict == "shorter":
        return t(
            f"可重放。那时账本有 {proof.leaves:,} 项; 后来{seen} {proof.told:,} 项, "
            "所以单元不能从那里继续。",
            f"It replays. The ledger had {proof.leaves:,} leaves then; {proof.told:,} were "
            f"{seen} later, so no cell may go on from there.",
        )
    return t(
        f"可用。账本有 {proof.leaves:,} 项; 备份时还没有发布过检查点, 没有可比的根。",
        f"It will do. The ledger has {proof.leaves:,} leaves; no checkpoint had been published, so "
        "there is no root to hold it against.",
    )


_SOURCES = {"witnessed": ("见证", "witnessed"), "published": ("发布", "published"), "": ("", "")}
