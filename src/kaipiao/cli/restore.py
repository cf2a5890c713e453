"""``kaipiao restore``: a cell comes back from its backups, to a moment, proved."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kaipiao.cli.backup_options import CLUSTER, MEMBER, OTHERS, moment
from kaipiao.cli.backup_words import StepsSaid, new_log_in_words, proofs_in_words
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json

if TYPE_CHECKING:
    from kaipiao.app.bring_back import Wanted


@click.command(
    "restore",
    help=t(
        """从备份恢复一个单元到空的数据目录, 重放到最后一刻或 --to 的时刻。

        先核对备份的每个文件, 再合并、重放, 从账本重算存证日志的根, 与最后见证 (否则最后发布) 的
        检查点比较。账本比已发布的短, 或导出另一个根, 一律拒绝, 不留下任何内容。
        缺少的部分先从另一份备份 (异地) 取: --with 目录。确实丢失时才用 --shorter 原因。
        --to 无时区时为北京时间。

        整个集群丢失时: --cluster FILE --member NAME 恢复一个成员, 其他成员随后复制它。

        恢复后照常启动: kaipiao up --data DIR。它在签名之前先询问见证方, 并另起一个备份系列。

        \b
        例:  kaipiao restore --from /mnt/backup --data /srv/kaipiao
             kaipiao restore --from /mnt/backup --data /srv/kaipiao --to 2026-11-25T20:00:00

        退出码: 0 已恢复并相符, 1 备份不符或时刻不可, 2 目录不可用, 3 数据库不能启动。
        """,
        """Bring a cell back from its backups into an empty data folder, to the last moment there
        is or to --to TIME.

        Every file of the backup is checked before it is used; then the chain is put together and
        replayed, and the evidence log's root, made again from the ledger, is held against the last
        checkpoint that was witnessed (else published).  A ledger that is shorter than what was
        published, or leads to another root, is refused, and nothing is left behind.  A TIME without
        a zone is Beijing's.  What is missing is taken from another copy (the one far away) first:
        --with DIR.  Only if it is lost for good: --shorter REASON.

        When a whole cluster is lost: --cluster FILE --member NAME restores one member, and the
        others copy it.

        Then start it as ever: kaipiao up --data DIR.  It asks its witnesses before it signs, and
        begins a new series of backups.

        \b
        Examples:
          kaipiao restore --from /mnt/backup --data /srv/kaipiao
          kaipiao restore --from /mnt/backup --data /srv/kaipiao --to 2026-11-25T20:00:00

        Exits 0 if it is back and proved, 1 if a backup does not hold or the moment cannot be, 2 if
        the folder will not do, 3 if the database does not start.
        """,
    ),
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, file_okay=False, exists=True, resolve_path=True),
    metavar="DIR",
    required=True,
    envvar="KAIPIAO_BACKUP_FOLDER",
    help=t("备份目录", "The folder of the backups."),
)
@click.option("--to", metavar="TIME", help=t("恢复到这一时刻", "The moment to restore to."))
@OTHERS
@click.option(
    "--shorter",
    metavar="REASON",
    default="",
    help=t(
        "账本比已发布的短也继续: 公开关闭旧日志, 用新密钥另起日志; 原因写入公开声明和审计日志",
        "Go on although less is left than was published: the old log is closed in public, and "
        "another begun with other keys. REASON stands in the statement and in the audit log.",
    ),
)
@click.option("--data", metavar="DIR", help=t("空的数据目录", "An empty data folder."))
@CLUSTER
@MEMBER
@click.option(
    "--bundles",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    metavar="DIR",
    help=t(
        "集群: kaipiao cluster init 的目录; 若已丢失, 在此重建",
        "Of a cluster: the DIR of kaipiao cluster init; made again there if it is lost.",
    ),
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
def command(
    source: Path,
    to: str | None,
    others: tuple[Path, ...],
    shorter: str,
    data: str | None,
    cluster: Path | None,
    member: str | None,
    bundles: Path | None,
    as_json: bool,
) -> None:
    from kaipiao.app.bring_back import Wanted, restore_cell
    from kaipiao.app.settings import load_settings

    wanted = Wanted(folder=source, to=moment(to), others=others, shorter=shorter)
    if cluster:
        _restore_member(cluster, member, bundles, wanted, as_json=as_json)
        return
    into = Path(load_settings({"data": data}, os.environ).data)
    restored = asyncio.run(restore_cell(into, wanted, say=StepsSaid()))
    if as_json:
        say_json(restored)
        return
    say(proofs_in_words(restored))
    if restored.new_log:
        say(new_log_in_words(restored.new_log, into))
    say(
        t(
            f"已恢复到 {into}。启动: kaipiao up --data {into}",
            f"Restored into {into}. To start it: kaipiao up --data {into}",
        )
    )


def _restore_member(
    cluster: Path, name: str | None, bundles: Path | None, wanted: "Wanted", *, as_json: bool
) -> None:
    """One member; what to do on the others is said at the end."""
    from kaipiao.app.bring_back_member import restore_member
    from kaipiao.continuity.cluster.description import read_description
    from kaipiao.continuity.cluster.slots import keeper_of

    description = read_description(cluster)
    member = description.member(name) if name else keeper_of(description)
    out = bundles or description.folder / "bundles"
    told = StepsSaid()
    restored = asyncio.run(restore_member(description, member, wanted, out, say=told))
    if as_json:
        say_json(restored)
        return
    say(proofs_in_words(restored))
    folder = description.folder
    say(
        t(
            f"成员 {member.name} 已恢复。其他每个成员: 清空 {folder}/成员, 把 {out}/成员/secrets "
            f"放到 {folder}/成员/cell/secrets。然后先启动 {member.name}, 再启动其他成员 "
            f"(kaipiao node up --member 名称 {cluster}); 它们会自动复制。",
            f"Member {member.name} is back. On every other member: empty {folder}/MEMBER, and put "
            f"{out}/MEMBER/secrets there as {folder}/MEMBER/cell/secrets. Then start "
            f"{member.name}, and the others after it (kaipiao node up --member NAME {cluster}): "
            "they copy it by themselves.",
        )
    )
