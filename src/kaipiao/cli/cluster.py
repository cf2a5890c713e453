"""``kaipiao cluster``: a cell of three machines, looked at and acted upon."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kaipiao.cli import exits
from kaipiao.cli.language import language, t
from kaipiao.cli.terminal import say, say_json, say_table, warn

if TYPE_CHECKING:
    from kaipiao.continuity.cluster.description import Description
    from kaipiao.continuity.cluster.view import ClusterView
    from kaipiao.continuity.cluster.words import Sentence
    from kaipiao.continuity.lab.lab import Lab

QUORUM_S = 120
"""So long ``up --lab`` waits for a primary and a standby; it takes 10 to 15 s."""

BUNDLES = "bundles"
"""In a lab's folder: what a person would carry to each machine."""


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


_FILE = click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE"
)
_JSON = click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))


@command.command(
    "init",
    help=t(
        """生成集群的全部密码和密钥, 每个成员一个文件夹, 内容相同。

        把 DIR/n1/secrets 放到 n1 机器的 FOLDER/n1/cell/secrets, 其他成员同样; 用你信任的方式传送。
        再次执行只补缺少的, 不改变已有的。实验环境 (up --lab) 会自己完成这一步。
        """,
        """Make every password and key of the cluster: a folder a member, all the same.

        Put DIR/n1/secrets on n1's machine as FOLDER/n1/cell/secrets, and so on, carried as you
        carry secrets.  Run again, it makes what is missing and changes nothing.  A lab
        (up --lab) does this by itself.
        """,
    ),
)
@_FILE
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=t("写到哪里", "Where to write them."),
)
def init(file: Path, out: Path) -> None:
    from kaipiao.app.bundles import make_bundles
    from kaipiao.continuity.cluster.description import read_description

    description = read_description(file)
    for bundle in make_bundles(description, out):
        target = description.folder / bundle.name / "cell" / "secrets"
        say(f"{bundle / 'secrets'}  →  {bundle.name}:{target}")
    say(
        t(
            f"送到各机器后, 在每台上执行: kaipiao node up --member 名称 {file}",
            f"Carry them there, then on each machine: kaipiao node up --member NAME {file}",
        )
    )


@command.command(
    "up",
    help=t(
        """在本机以网络命名空间启动全部成员 (实验环境), 并等到可以开票。

        每个成员有自己的命名空间 kp-NAME-n1…, 另有客户端 kp-NAME-c 和交换机 kp-NAME-sw。
        进程、地址和端口都是真实的。不触碰任何不是它建立的命名空间。需要 root 和 iproute2。

        真实机器上没有这一步: 在每台机器上执行 kaipiao node up。

        退出码: 0 可以开票, 3 超时仍不能。
        """,
        """Start every member on this machine, in network namespaces, until it can issue (a lab).

        Each member has a namespace of its own, kp-NAME-n1…; the client's is kp-NAME-c, the
        switch's kp-NAME-sw.  Processes, addresses and ports are real.  A namespace that it did
        not make is never touched.  Needs root and iproute2.

        On real machines there is no such step: type kaipiao node up on each of them.

        Exits 0 once it can issue, 3 if it still cannot after a while.
        """,
    ),
)
@_FILE
@click.option("--lab", "in_lab", is_flag=True, help=t("在本机, 以命名空间", "On this machine."))
def up(file: Path, in_lab: bool) -> None:
    if not in_lab:
        raise click.UsageError(
            t(
                f"请在每台机器上执行: kaipiao node up --member 名称 {file}; "
                "在一台机器上演练请加 --lab",
                f"on each machine, type: kaipiao node up --member NAME {file}; to try it on this "
                "one, add --lab",
            )
        )
    from kaipiao.app.bundles import make_bundles, put_in_place
    from kaipiao.continuity.lab.lab import enter

    lab = _lab(file)
    lab.make()
    bundles = lab.folder / BUNDLES
    make_bundles(lab.description, bundles)
    put_in_place(lab.description, bundles)
    lab.up()
    warn(
        t(
            "成员已启动, 等待选出主节点和备节点 (通常 10 至 15 秒)… "
            f"停止: kaipiao cluster down {file}",
            "The members are started; a primary and a standby take 10 to 15 s… "
            f"To stop them: kaipiao cluster down {file}",
        )
    )
    enter(lab, ["--lang", language(), "cluster", "status", str(file), "--wait", str(QUORUM_S)])


@command.command(
    "down",
    help=t(
        """停止实验环境的全部成员, 删除命名空间。数据保留, 再次 up 会接着用。

        启动它的进程被 kill -9 之后也能清理干净。可以重复执行。
        """,
        """Stop every member of a lab and remove its namespaces.  Data stays for the next up.

        It cleans up what a killed maker left, too.  May be run again.
        """,
    ),
)
@_FILE
def down(file: Path) -> None:
    lab = _lab(file)
    if not lab.is_made():
        say(t("没有实验环境在运行。", "There is no lab."))
        return
    lab.down()
    folder = lab.folder
    say(t(f"已停止并清理。数据保留在 {folder}", f"Stopped and cleaned up. Data stays in {folder}"))


@command.command(
    "status",
    help=t(
        """每个成员的状态、落后多少、时间线; 上次切换及其原因; 有什么问题、该做什么。

        退出码: 0 可以开票, 3 现在不能。
        """,
        """Each member, how far it is behind, its timeline; the last switch and why; what is
        wrong and what to do about it.

        Exits 0 if it can issue, 3 if it cannot now.
        """,
    ),
)
@_FILE
@click.option(
    "--wait",
    "wait_s",
    type=click.IntRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help=t("等到可以开票, 至多这么多秒", "Wait until it can issue, for so long at most."),
)
@_JSON
@click.pass_context
def status(context: click.Context, file: Path, wait_s: int, as_json: bool) -> None:
    from kaipiao.continuity.cluster.view import look

    description = inside(file)
    view = _wait(description, wait_s) if wait_s else look(description)
    _tell(view, as_json=as_json)
    context.exit(exits.OK if view.is_writable else exits.OUTAGE)


@command.command(
    "switchover",
    help=t(
        """计划切换: 把主节点交给一个跟上进度的备节点, 约 4 秒。

        只交给能确认提交的备节点, 否则拒绝。进行中的请求稍慢, 不会丢失。
        谁、为什么, 会记在集群中, 由 status 显示。
        """,
        """Hand the lead to a standby that keeps up; about 4 s.

        Only to one that a commit may count on; refused otherwise.  Requests in flight take
        longer and none is lost.  Who asked and why is kept in the cluster and shown by status.
        """,
    ),
)
@_FILE
@click.option("--to", metavar="MEMBER", help=t("交给谁, 默认最合适的", "Whom; default: the best."))
@click.option("--why", default="", metavar="TEXT", help=t("原因", "The reason, for status."))
@_JSON
def switchover(file: Path, to: str | None, why: str, as_json: bool) -> None:
    from kaipiao.app import cluster_acts

    description = inside(file, as_member=True)
    _tell(asyncio.run(cluster_acts.switchover(description, to, why)), as_json=as_json)


@command.command(
    "pause",
    help=t(
        "暂停自动切换, 用于维护机器。主节点此时故障不会接替; 结束后务必 resume。",
        "No failover until resume, for work on the machines: a primary that dies now stays dead.",
    ),
)
@_FILE
@_JSON
def pause(file: Path, as_json: bool) -> None:
    _set_pause(file, is_paused=True, as_json=as_json)


@command.command("resume", help=t("恢复自动切换", "Failover again, after pause."))
@_FILE
@_JSON
def resume(file: Path, as_json: bool) -> None:
    _set_pause(file, is_paused=False, as_json=as_json)


@command.command(
    "reinit",
    help=t(
        """丢弃一个备节点的数据, 从主节点重新复制。用于无法追上或已损坏的备节点。

        主节点的数据不会被丢弃: 先 switchover。
        """,
        """Throw a standby's data away and copy it anew from the primary.

        For one that cannot catch up, or is damaged.  Never for the primary: switchover first.
        """,
    ),
)
@_FILE
@click.argument("member", metavar="MEMBER")
@click.option("--yes", is_flag=True, help=t("不再询问", "Do not ask."))
def reinit(file: Path, member: str, yes: bool) -> None:
    from kaipiao.app import cluster_acts

    description = inside(file, as_member=True)
    asks = t(f"丢弃 {member} 的数据并重新复制?", f"Throw {member}'s data away and copy it anew?")
    if not yes:
        click.confirm(asks, abort=True)
    asyncio.run(cluster_acts.reinit(description, member))
    say(
        t(
            f"已开始。进度: kaipiao cluster status {file}",
            f"It has begun. To watch it: kaipiao cluster status {file}",
        )
    )


def _set_pause(file: Path, *, is_paused: bool, as_json: bool) -> None:
    from kaipiao.app import cluster_acts

    description = inside(file, as_member=True)
    view, is_written = asyncio.run(cluster_acts.set_pause(description, is_paused=is_paused))
    _tell(view, as_json=as_json)
    if not is_written:
        warn(
            t(
                "已执行, 但数据库没有应答, 未能写入审计日志。",
                "It was done; the database did not answer, so the audit log does not say so.",
            )
        )


def _lab(file: Path) -> "Lab":
    from kaipiao.continuity.cluster.description import read_description
    from kaipiao.continuity.lab.lab import Lab

    return Lab(read_description(file))


def inside(file: Path, *, as_member: bool = False) -> "Description":
    """The description; of a lab, read in the client's place, or in that of a member that runs.

    What changes something is done where an operator would do it: on a member's machine.
    """
    from kaipiao.continuity.cluster.description import read_description
    from kaipiao.continuity.lab.lab import CLIENT, Lab, enter
    from kaipiao.continuity.lab.made import read_made

    description = read_description(file)
    if read_made(description.folder) is not None:
        lab = Lab(description)
        routed = (one.name for one in description.with_data if one.name in lab.running())
        enter(lab, place=next(routed, CLIENT) if as_member else CLIENT)
    return description


def _wait(description: "Description", wait_s: int) -> "ClusterView":
    from kaipiao.continuity.cluster.acts import ActRefused, wait_until
    from kaipiao.continuity.cluster.view import look

    try:
        return wait_until(description, lambda seen: seen.is_writable, timeout_s=wait_s)
    except ActRefused:
        return look(description)


def _tell(view: "ClusterView", *, as_json: bool) -> None:
    if as_json:
        say_json(_as_json(view))
        return
    from kaipiao.continuity.cluster import words

    say(_here(words.summary(view)))
    head = (
        t("成员", "MEMBER"),
        t("角色", "ROLE"),
        t("状态", "STATE"),
        t("落后", "BEHIND"),
        t("时间线", "TIMELINE"),
        t("地址", "ADDRESS"),
    )
    rows = [
        (
            member.name + (f" ({member.site})" if member.site else ""),
            _here(words.ROLES[member.role]),
            _here(words.state_of(member)),
            words.render_bytes(member.lag_bytes),
            "-" if member.timeline is None else str(member.timeline),
            member.address,
        )
        for member in view.members
    ]
    say_table([head, *rows], right=(3, 4))
    say(_here(words.last_switch(view)))
    for trouble in words.troubles(view):
        say(f"! {_here(trouble)}")


def _as_json(view: "ClusterView") -> dict[str, object]:
    """The view, what follows from it, and the same sentences in both languages."""
    import msgspec

    from kaipiao.continuity.cluster import words

    found: dict[str, object] = msgspec.to_builtins(view)
    told = [words.summary(view), words.last_switch(view), *words.troubles(view)]
    return found | {
        "is_writable": view.is_writable,
        "words": [{"zh": one.zh, "en": one.en} for one in told],
    }


def _here(sentence: "Sentence") -> str:
    return t(sentence.zh, sentence.en)
