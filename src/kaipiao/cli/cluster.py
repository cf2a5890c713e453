"""``kaipiao cluster``: a cell of three machines, looked at and acted upon."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kaipiao.cli import exits
from kaipiao.cli.cluster_acts import pause, reinit, resume, switchover
from kaipiao.cli.cluster_lab import down, up
from kaipiao.cli.cluster_reach import as_json_option, cluster_file, inside
from kaipiao.cli.cluster_settings import settings
from kaipiao.cli.cluster_told import tell
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say

if TYPE_CHECKING:
    from kaipiao.continuity.cluster.description import Description
    from kaipiao.continuity.cluster.view import ClusterView


@click.group(
    "cluster",
    help=t(
        """集群: 三台机器组成的一个单元, 坏一台自动接替, 已确认的发票不会丢失。

        所有命令都读同一个描述文件 FILE (TOML)。先在一台机器上演练 (--lab, 需要 root)。

        \b
        例:  kaipiao cluster up cell.toml --lab
             kaipiao cluster status cell.toml
             kaipiao cluster switchover cell.toml --to n2 --why "更换内存"
             kaipiao cluster down cell.toml
        """,
        """A cell of three machines: one may die, and no acknowledged invoice is lost.

        Every command reads the same description FILE (TOML).  Try it on one machine first
        (--lab, needs root).

        \b
        Examples:  kaipiao cluster up cell.toml --lab
                   kaipiao cluster status cell.toml
                   kaipiao cluster switchover cell.toml --to n2 --why "new memory"
                   kaipiao cluster down cell.toml
        """,
    ),
)
def command() -> None:
    pass


@command.command(
    "init",
    help=t(
        """生成集群的全部密码和密钥, 每个成员一个文件夹, 内容相同。

        把 DIR/n1/secrets 放到 n1 机器的 FOLDER/n1/cell/secrets, 其他成员同样; 用你信任的方式传送。
        只有 tls/member.pem 各不相同: 它是该成员的证书和私钥, 两年内有效。签发它们的 DIR/authority
        不要送到任何成员, 妥善保管: 续期 (kaipiao cluster renew) 要用。
        再次执行只补缺少的, 不改变已有的。实验环境 (up --lab) 会自己完成这一步。

        使用外部 etcd 时, --etcd 指定的文件夹中放它要求的文件: ca.crt (https 必需)、
        client.pem (我们的证书和私钥)、password (description 中 dcs.user 的密码)。
        """,
        """Make every password and key of the cluster: a folder a member, all the same.

        Put DIR/n1/secrets on n1's machine as FOLDER/n1/cell/secrets, and so on, carried as you
        carry secrets.  Only tls/member.pem differs: that member's certificate and key, good for
        two years.  DIR/authority issued them; it goes to no member and is kept safe, because
        kaipiao cluster renew needs it.  Run again, it makes what is missing and changes nothing.
        A lab (up --lab) does this by itself.

        With an etcd that is not ours, put what it asks for into the folder of --etcd: ca.crt
        (needed with https), client.pem (our certificate and key), password (of dcs.user).
        """,
    ),
)
@cluster_file
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=t("写到哪里", "Where to write them."),
)
@click.option(
    "--etcd",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help=t("外部 etcd 要求的文件所在", "Where the files that your etcd asks for lie."),
)
def init(file: Path, out: Path, etcd: Path | None) -> None:
    from kaipiao.app.bundles import make_bundles
    from kaipiao.continuity.cluster.description import read_description

    description = read_description(file)
    for bundle in make_bundles(description, out, etcd=etcd):
        target = description.folder / bundle.name / "cell" / "secrets"
        say(f"{bundle / 'secrets'}  →  {bundle.name}:{target}")
    say(
        t(
            f"送到各机器后, 在每台上执行: kaipiao node up --member 名称 {file}",
            f"Carry them there, then on each machine: kaipiao node up --member NAME {file}",
        )
    )


@command.command(
    "renew",
    help=t(
        """为每个成员签发新证书 (两年), 用 cluster init 时的 DIR (其中的 authority 是签发者)。

        把 DIR/n1/secrets/tls 送到 n1 机器的 FOLDER/n1/cell/secrets/tls, 其他成员同样, 再逐台重启
        (systemctl restart), 备节点先, 主节点最后。新旧证书互相认可, 不必同时换。
        每台的证书何时到期: kaipiao recover 会在到期前提示。
        """,
        """Issue every member a new certificate, for two years, in the DIR of cluster init (whose
        authority signs).

        Carry DIR/n1/secrets/tls to n1's machine as FOLDER/n1/cell/secrets/tls, and so on, and
        restart one after the other (systemctl restart), the primary last.  Old and new ones
        accept each other.  kaipiao recover says in time when one ends.
        """,
    ),
)
@cluster_file
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help=t("cluster init 写到的文件夹", "Where cluster init wrote."),
)
def renew(file: Path, out: Path) -> None:
    from kaipiao.app.bundles import renew_certificates
    from kaipiao.continuity.cluster.description import read_description

    description = read_description(file)
    for folder in renew_certificates(description, out):
        member = folder.parent.parent.name
        say(f"{folder}  →  {member}:{description.folder / member / 'cell' / 'secrets' / 'tls'}")
    say(
        t(
            "送到各机器后逐台重启 kaipiao node up, 主节点最后。",
            "Carry them there, then restart kaipiao node up on one machine after the other, the "
            "primary's last.",
        )
    )


@command.command(
    "status",
    help=t(
        """每个成员的状态、落后多少、时间线; 上次切换及其原因; 有什么问题、该做什么。

        也核对每个成员的存证日志: 延续上次在此所见 (记在集群的 folder 中), 不延续, 或无法查询。

        退出码: 0 可以开票, 3 现在不能。
        """,
        """Each member, how far it is behind, its timeline; the last switch and why; what is
        wrong and what to do about it.

        Each member's evidence log is held against the last one seen here (kept in the cluster's
        folder): it extends it, does not extend it, or could not be asked.

        Exits 0 if it can issue, 3 if it cannot now.
        """,
    ),
)
@cluster_file
@click.option(
    "--wait",
    "wait_s",
    type=click.IntRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help=t("等到可以开票, 至多这么多秒", "Wait until it can issue, for so long at most."),
)
@as_json_option
@click.pass_context
def status(context: click.Context, file: Path, wait_s: int, as_json: bool) -> None:
    from kaipiao.continuity.cluster.roots import look_at_logs
    from kaipiao.continuity.cluster.view import look, with_store

    description = inside(file)
    view = _wait(description, wait_s) if wait_s else look(description)
    logs = look_at_logs(description)
    tell(with_store(description, view), logs, as_json=as_json)
    context.exit(exits.OK if view.is_writable else exits.OUTAGE)


def _wait(description: "Description", wait_s: int) -> "ClusterView":
    from kaipiao.continuity.cluster.acts import ActRefused, wait_until
    from kaipiao.continuity.cluster.view import look

    try:
        return wait_until(description, lambda seen: seen.is_writable, timeout_s=wait_s)
    except ActRefused:
        return look(description)


for _one in (up, down, switchover, pause, resume, reinit, settings):
    command.add_command(_one)
