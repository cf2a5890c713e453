"""``kaipiao recover``: find what is broken, and break, isolate, rebuild where that is safe."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json

if TYPE_CHECKING:
    from kaipiao.app.recover import Recovery
    from kaipiao.continuity.cluster.words import Sentence
    from kaipiao.continuity.recovery.course import Course

EVERY_MIN_S = 10.0


@click.command(
    "recover",
    help=t(
        """找出故障; 已知而且安全的, 立即熔断、隔离、重构; 其余告诉您按哪份手册处理。

        查看本机的单元 (磁盘、复制槽、证书、签章服务商、后台进程); 给出集群描述文件 FILE 时
        也查看集群的每个成员。

        \b
        自动处理:
          备节点的数据库起不来, 或一直没有进展
                                 另有备节点跟得上时, 丢弃其数据并从主节点重新复制
          失效的复制槽           删除; 磁盘将满时, 也删除无人读取的 (备份和数据通道的除外)
          磁盘将满               清空可随时重新生成的版式文件
        不安全的一律不做, 并说明原因和该输入的命令: 绝不丢弃主节点, 也不丢弃最后一个跟得上的
        备节点。一小时内重建过两次仍无效的不再重建: 另有原因。

        \b
        例:  kaipiao recover --dry-run            只说会做什么
             kaipiao recover
             kaipiao recover cluster.toml --json
             kaipiao recover --watch             一直查看和处理 (kaipiao node up 自己会做)

        每一步及其原因先写入日志 (logs/recover.log) 再执行; 中断后再次运行是安全的。

        --json: findings (kind, about, zh, en, runbook, steps, why_not, command), 之后 lines。

        退出码: 0 没有故障, 或都已处理; 1 还有需要人处理的。
        """,
        """Find what is broken; where it is known and safe, break, isolate and rebuild at once;
        for the rest, say which runbook to follow.

        Looks at this machine's cell (disk, slots, certificates, seal vendors, its work process)
        and, given the description FILE of a cluster, at every member of it.

        \b
        By itself:
          a standby whose server does not start,  thrown away and copied anew from the
          or that gets nowhere                    primary, while another standby keeps up
          a lost replication slot                 dropped; on a short disk also one that nobody
                                                  reads (never the backups', never a feed's)
          a short disk                            renditions removed, which can be made again
        What is not safe is not done, and it says why and what to type: never the primary,
        never the last standby that keeps up; not what two copies within the hour did not mend.

        \b
        Examples:  kaipiao recover --dry-run            only says what it would do
                   kaipiao recover
                   kaipiao recover cluster.toml --json
                   kaipiao recover --watch              again and again (node up does that)

        Each step is written down with its reason (logs/recover.log) before it is taken; after
        an interruption, run it again.

        With --json: findings (kind, about, zh, en, runbook, steps, why_not, command), then lines.

        Exits 0 if nothing is broken or all of it was put right, 1 if something takes a person.
        """,
    ),
)
@click.argument(
    "file",
    required=False,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="[FILE]",
)
@click.option("--data", metavar="DIR", help=t("数据目录", "The cell's data folder."))
@click.option(
    "--dry-run", is_flag=True, help=t("只说会做什么", "Say what would be done; do nothing.")
)
@click.option(
    "--watch", is_flag=True, help=t("一直查看, 直到 Ctrl-C", "Look again and again, until Ctrl-C.")
)
@click.option(
    "--every",
    type=click.FloatRange(min=EVERY_MIN_S),
    default=60.0,
    metavar="SECONDS",
    help=t("--watch 时每隔多久 (默认 60 秒)", "How often with --watch (60)."),
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@click.pass_context
def command(
    context: click.Context,
    file: Path | None,
    data: str | None,
    dry_run: bool,
    watch: bool,
    every: float,
    as_json: bool,
) -> None:
    if watch and (dry_run or as_json):
        raise click.UsageError(
            t(
                "--watch 不能与 --dry-run 或 --json 同用",
                "--watch goes without --dry-run and --json",
            )
        )
    from kaipiao.continuity.recovery.perform import perform, rehearse
    from kaipiao.continuity.recovery.plan import plan
    from kaipiao.continuity.recovery.words import line_words

    recovery = _recovery(file, data)
    if watch:
        _watch(recovery, every)
        return
    seen = recovery.look()
    courses = plan(seen)
    if as_json:
        say_json({"findings": [_course_json(course) for course in courses]})
    else:
        _show(courses, seen.cell.unseen if seen.cell else ())
    lines = (
        rehearse(seen) if dry_run else perform(seen, recovery.look_again, recovery, recovery.write)
    )
    is_open, has_acted = any(not course.acts for course in courses), False
    for line in lines:
        is_open = is_open or line.outcome == "failed"
        has_acted = has_acted or line.outcome == "done"
        if as_json:
            say_json(line)
        else:
            _tell(line_words(line))
    if has_acted:  # one repair may have ended several findings
        is_open = bool(plan(recovery.look()))
    context.exit(exits.NO if is_open else exits.OK)


def _recovery(file: Path | None, data: str | None) -> "Recovery":
    from kaipiao.app.folder import CellFolder
    from kaipiao.app.recover import Recovery
    from kaipiao.cli.reach import local_folder

    folder: CellFolder | None = CellFolder(data) if data else local_folder()
    description = None
    if file is not None:
        from kaipiao.cli.cluster_reach import inside

        description = inside(file, as_member=True)
    if folder is not None and not folder.logs.exists():
        folder = None
    if folder is None and description is None:
        raise click.UsageError(
            t(
                "本机没有单元: 用 --data 指明数据目录, 或给出集群描述文件",
                "no cell on this machine: name its folder by --data, or a cluster's description",
            )
        )
    return Recovery(description, folder)


def _show(courses: "list[Course]", unseen: tuple[str, ...]) -> None:
    from kaipiao.continuity.recovery.words import course_words

    for one in unseen:
        say(t(f"? 无法查看: {one}", f"? could not be looked at: {one}"))
    if not courses:
        say(t("没有发现故障。", "Nothing is broken."))
    for course in courses:
        for sentence in course_words(course):
            _tell(sentence)


def _tell(sentence: "Sentence") -> None:
    say(t(sentence.zh, sentence.en))


def _watch(recovery: "Recovery", every_s: float) -> None:
    """Until Ctrl-C; an act that it cuts short is written down, and may be begun again."""
    from kaipiao.app.recover_watch import Watch

    say(
        t(
            f"每 {every_s:.0f} 秒查看一次。Ctrl-C 停止。",
            f"A look every {every_s:.0f} s; Ctrl-C ends.",
        )
    )
    watch = Watch(recovery, _tell)
    try:
        while True:
            watch.once()
            time.sleep(every_s)
    except KeyboardInterrupt:
        say(t("已停止。", "Stopped."))


def _course_json(course: "Course") -> dict[str, object]:
    found = course.finding
    return {
        "kind": found.kind,
        "about": found.about,
        "zh": found.zh,
        "en": found.en,
        "runbook": f"docs/runbooks/{found.runbook}.md",
        "steps": course.steps,
        "why_not": {"zh": course.zh, "en": course.en} if course.zh else None,
        "command": course.command or None,
    }
