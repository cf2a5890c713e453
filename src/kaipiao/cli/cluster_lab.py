"""``kaipiao cluster up --lab`` and ``down``: all members on this machine."""

from pathlib import Path

import click

from kaipiao.cli.cluster_reach import cluster_file, lab_of
from kaipiao.cli.language import language, t
from kaipiao.cli.terminal import say, warn

QUORUM_S = 120
"""So long ``up --lab`` waits for a primary and a standby; it takes 10 to 15 s."""

BUNDLES = "bundles"
"""In a lab's folder: what a person would carry to each machine."""


@click.command(
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
@cluster_file
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

    lab = lab_of(file)
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


@click.command(
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
@cluster_file
def down(file: Path) -> None:
    lab = lab_of(file)
    if not lab.is_made():
        say(t("没有实验环境在运行。", "There is no lab."))
        return
    lab.down()
    folder = lab.folder
    say(t(f"已停止并清理。数据保留在 {folder}", f"Stopped and cleaned up. Data stays in {folder}"))
