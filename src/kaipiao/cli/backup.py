"""``kaipiao backup``: backups of a cell: taken, looked at, cleared away; the rest is beside."""

import asyncio

import click

from kaipiao.cli.backup_drill import drill
from kaipiao.cli.backup_options import FULL, JSON, Where, of_a_cell
from kaipiao.cli.backup_status import status
from kaipiao.cli.backup_stream import stream
from kaipiao.cli.backup_verify import verify
from kaipiao.cli.backup_words import KINDS, megabytes, told
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, say_table, warn


@click.group(
    "backup",
    invoke_without_command=True,
    help=t(
        """备份: 不带子命令即立刻做一次。

        一次备份含数据库、密钥和密码 (secrets/)、设置、归档文件和最新的检查点。第一次是完整的,
        之后只存变化的部分, 每七次再做一次完整的。kaipiao backup stream 随写随收数据库日志,
        使恢复能到最后一刻; 没有它, 只能恢复到各次备份结束时。

        集群: --cluster FILE。由负责备份的成员执行, 基础备份取自备节点, 流跟随主节点。

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

        Of a cluster: --cluster FILE, on the member that keeps its backups.  Base backups are taken
        from a standby, and the stream follows whoever leads.

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
@of_a_cell
@FULL
@JSON
@click.pass_context
def command(context: click.Context, where: Where, full: bool, as_json: bool) -> None:
    context.obj = where
    if context.invoked_subcommand is None:
        _now(where, full, as_json)


@command.command(
    "now", help=t("立刻做一次备份 (同 kaipiao backup)。", "Take one now (as kaipiao backup does).")
)
@of_a_cell
@FULL
@JSON
def now(where: Where, full: bool, as_json: bool) -> None:
    _now(where, full, as_json)


def _now(where: Where, full: bool, as_json: bool) -> None:
    from kaipiao.app.backup import backup_now

    settings = where.settings()
    shelf = where.shelf(settings)
    warn(t(f"备份到 {shelf} …", f"Backing up to {shelf} …"))
    backup = asyncio.run(backup_now(settings, shelf, full=full))
    if as_json:
        say_json(told(backup))
        return
    kind = t(*KINDS[backup.kind])
    say(
        t(
            f"已备份 {backup.name} ({kind}, {megabytes(backup.bytes)})。"
            f"核对它: kaipiao backup verify --folder {shelf}",
            f"Backed up: {backup.name} ({kind}, {megabytes(backup.bytes)}). "
            f"To prove it: kaipiao backup verify --folder {shelf}",
        )
    )


@command.command(
    "list",
    help=t(
        "列出备份: 名称、种类、结束时间 (UTC)、大小。",
        "List backups: name, kind, when it ended (UTC), size.",
    ),
)
@of_a_cell
@JSON
def list_(where: Where, as_json: bool) -> None:
    from kaipiao.continuity.backup.shelf import Shelf

    shelf = where.folder or where.shelf(where.settings())
    backups = [one for _, one in Shelf(shelf).backups()]
    if as_json:
        for one in backups:
            say_json(told(one))
        return
    if not backups:
        say(t(f"{shelf} 中没有备份。", f"There is no backup in {shelf}."))
        return
    rows = [
        (one.name, t(*KINDS[one.kind]), f"{one.ended_at:%Y-%m-%d %H:%M:%S}", megabytes(one.bytes))
        for one in backups
    ]
    say_table(rows, right=(3,))


@command.command(
    "prune",
    help=t(
        """删除超过 --keep-days 天的备份和不再需要的日志。最新的一次和它所依赖的总是保留。""",
        """Remove backups older than --keep-days and the log that nothing needs any more.  The
        newest one, and what it builds upon, always stays.
        """,
    ),
)
@of_a_cell
@click.option(
    "--keep-days",
    type=click.IntRange(0, 3_650),
    default=14,
    show_default=True,
    help=t("保留天数", "Days to keep."),
)
@JSON
def prune(where: Where, keep_days: int, as_json: bool) -> None:
    from kaipiao.app.backup import prune_now

    settings = where.settings()
    gone = asyncio.run(prune_now(settings, where.shelf(settings), keep_days=keep_days))
    if as_json:
        say_json([told(one) for one in gone])
        return
    say(t(f"已删除 {len(gone)} 个备份。", f"{len(gone)} backups removed."))


for _one in (stream, status, verify, drill):
    command.add_command(_one)
