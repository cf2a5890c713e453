"""``kaipiao shadow``: a second version is asked the same, and the answers are compared."""

import asyncio
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kaipiao.app.settings import load_settings
from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.shadow_feed import mirror, route
from kaipiao.cli.shadow_place import place_of, place_options
from kaipiao.cli.shadow_turn import back, cut_over
from kaipiao.cli.terminal import Progress, printable, say, say_json, say_table, warn
from kaipiao.continuity.shadow.book import Book, Tally
from kaipiao.continuity.shadow.cell import AlreadyRuns, ShadowFolder, runner_of
from kaipiao.continuity.shadow.plan import Elsewhere, Version, read_plan, version_of
from kaipiao.continuity.shadow.report import COUNTS, counts_of, lines_of, sentence
from kaipiao.continuity.shadow.there import NotAShadow

if TYPE_CHECKING:
    from kaipiao.continuity.shadow.page import Language

PER_SECOND = 100
STOP_WITHIN_S = 20.0
SHOWN = 20


@click.group(
    "shadow",
    help=t(
        """双轨并行: 本单元已开的发票, 按存证日志的顺序, 以同样的草稿和键由第二个版本再开并比对。

        影子有自己的目录和数据库, 不在开票路径上: 它慢、停、答错, 都不影响任何开票请求。
        它的发票不是真发票: 号码的地区码是 99 (不存在), 日志名为 shadow.invalid/log。
        它不发邮件和 webhook。

        \b
        例:  kaipiao shadow start --program /opt/kaipiao-2/bin/kaipiao
             kaipiao shadow status
             kaipiao shadow report
             kaipiao shadow mirror --share 10%  (另把一部分请求直接复制给它)
             kaipiao shadow cut-over            (由它开票, 原版本成为影子)
             kaipiao shadow back                (反过来)
             kaipiao shadow stop
        """,
        """Shadow run: what this cell issued is issued again by a second version, in the log's
        order, with the same draft and key, and the two are compared invoice by invoice.

        The shadow has a folder and a database of its own and is not in the issuing path: slow,
        dead or wrong, it delays no request.  Its invoices are not real: their numbers name area
        99, which does not exist, its log is shadow.invalid/log, it sends no mail and no webhook.

        \b
        Examples:  kaipiao shadow start --program /opt/kaipiao-2/bin/kaipiao
                   kaipiao shadow status
                   kaipiao shadow report
                   kaipiao shadow mirror --share 10%  (copy a share of the calls, too)
                   kaipiao shadow cut-over            (it issues; who issued is its shadow)
                   kaipiao shadow back                (the other way round)
                   kaipiao shadow stop
        """,
    ),
)
def command() -> None:
    """Only a group."""


for _part in (route, mirror, cut_over, back):
    command.add_command(_part)


@command.command(
    "start",
    help=t(
        """启动影子并开始比对, 直到 Ctrl-C 或 kaipiao shadow stop。

        可随时中断和重来: 进度在影子的目录中, 再次运行会接着做。影子不应答时发票等待, 不会丢。
        授信额度不参与比对 (影子给足额度)。给出另一个影子即全新开始, 此前的结果仍可查看
        (kaipiao shadow report --run N)。

        \b
        例:  kaipiao shadow start                               (同一版本, 只比对新开的)
             kaipiao shadow start --since 0 --until-even         (从第一张起, 比完即止)
             kaipiao shadow start --program /opt/kaipiao-2/bin/kaipiao --per-second 20
             kaipiao shadow start --at http://192.0.2.7:8720 --key-file key

        退出码: 0 正常停止; 用 --until-even 时, 1 有不一致; 3 单元没有运行。
        """,
        """Start the shadow and compare, until Ctrl-C or kaipiao shadow stop.

        It may be interrupted and started again at any time: how far it is lies in the shadow's
        folder, and it goes on from there.  While the shadow does not answer, invoices wait; none
        is left out.  Credit is set aside (the shadow grants plenty).  Another shadow than before
        begins a new run; what came of the former one is kept (kaipiao shadow report --run N).

        \b
        Examples:  kaipiao shadow start                            (this version; new invoices)
                   kaipiao shadow start --since 0 --until-even      (from the first; then end)
                   kaipiao shadow start --program /opt/kaipiao-2/bin/kaipiao --per-second 20
                   kaipiao shadow start --at http://192.0.2.7:8720 --key-file key

        Exits 0 after a stop; with --until-even, 1 if anything is not alike; 3 if the cell does
        not run.
        """,
    ),
)
@place_options
@click.option(
    "--program",
    metavar="COMMAND",
    help=t(
        "第二个版本的 kaipiao 命令, 或其环境的 bin/python; 默认本版本",
        "The other version's kaipiao, or its environment's bin/python. Default: this.",
    ),
)
@click.option(
    "--at",
    metavar="URL",
    help=t(
        "别人运行的影子单元 (日志名须以 shadow.invalid/ 开头)",
        "A shadow cell that somebody else runs (its log is named shadow.invalid/…).",
    ),
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help=t("该影子单元的 API 密钥", "That cell's API key."),
)
@click.option(
    "--since",
    type=click.IntRange(min=0),
    metavar="N",
    help=t(
        "新的比对从该存证序号起, 默认从现在起",
        "Log index at which a new run begins. Default: what is issued from now on.",
    ),
)
@click.option(
    "--per-second",
    type=click.IntRange(1, 10_000),
    default=PER_SECOND,
    metavar="N",
    help=t("每秒最多几张, 默认 100", "Invoices a second at most. Default: 100."),
)
@click.option("--until-even", is_flag=True, help=t("没有等待的即结束", "End when nothing waits."))
@click.pass_context
def start(
    context: click.Context,
    data: str | None,
    folder: Path | None,
    program: str | None,
    at: str | None,
    key_file: Path | None,
    since: int | None,
    per_second: int,
    until_even: bool,
) -> None:
    from kaipiao.app.shadow import run_shadow

    settings = load_settings({"data": data}, os.environ)
    place = ShadowFolder(folder.absolute() if folder else Path(settings.data) / "shadow")
    own = Version((str(Path(sys.argv[0]).absolute()),), sys.executable)
    elsewhere = _elsewhere(program, at, key_file)
    say(t(f"影子在 {place.path}。停止: Ctrl-C", f"The shadow is in {place.path}. To stop: Ctrl-C"))

    async def run(progress: Progress) -> Tally:
        running = asyncio.ensure_future(
            run_shadow(
                settings,
                place,
                version=version_of(shlex.split(program)) if program else None,
                elsewhere=elsewhere,
                own=own,
                per_second=per_second,
                since=since,
                until_even=until_even,
                told=_teller(progress),
            )
        )
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        return await running

    try:
        with Progress(t("比对", "comparing"), None) as progress:
            tally = asyncio.run(run(progress))
    except asyncio.CancelledError:
        say(t("已停止。再次运行会接着做。", "Stopped. Run it again to carry on."))
        return
    except AlreadyRuns as running:
        raise click.UsageError(_runs_already(running.pid)) from None
    except NotAShadow as other:
        warn(
            t(
                f"{other} 不是影子单元 (日志名不以 shadow.invalid/ 开头), 什么也没有问它。",
                f"{other} is no shadow (its log is not named shadow.invalid/…): asked nothing.",
            )
        )
        context.exit(exits.NO)
    say(t(*sentence(tally)))
    if not tally.is_alike:
        context.exit(exits.NO)


@command.command(
    "status",
    help=t(
        """影子是否在运行, 比对到哪里。退出码: 0 在运行, 1 没有。""",
        """Whether the shadow runs, and how far it is.  Exits 0 if it runs, 1 if not.""",
    ),
)
@place_options
@click.option("--json", "as_json", is_flag=True, help=t("一行 JSON", "One line of JSON."))
@click.pass_context
def status(context: click.Context, data: str | None, folder: Path | None, as_json: bool) -> None:
    place = place_of(data, folder)
    pid, tally = runner_of(place), Book(place.now().path).read()
    if as_json:
        counts = counts_of(tally)._asdict() if tally else {}
        away = tally.away if tally else ""
        say_json({"running": pid is not None, "pid": pid, "away": away, **counts})
    else:
        runs = t(f"在运行 (进程 {pid})。", f"It runs (process {pid}).")
        say(runs if pid else t("没有在运行。", "It does not run."))
        if tally:
            say(t(*sentence(tally)))
        if plan := read_plan(place.plan):
            since = f"{plan.since:,}"
            about = (
                f"影子: {plan.shadow}, 自第 {since} 项",
                f"Shadow: {plan.shadow}, from {since}",
            )
            say(t(*about))
        if tally and tally.away and pid:
            say(t(f"影子没有应答: {tally.away}", f"The shadow does not answer: {tally.away}"))
    if pid is None:
        context.exit(exits.NO)


@command.command(
    "report",
    help=t(
        """比对的结果: 各有多少, 以及每一处不一致和双方的答复。

        不比对的: 号码、开票时刻、日志序号、二维码、状态; 红字发票还有原号码、确认单编号和摘要。
        其余逐项比对: 键、草稿、每行和合计的金额、大写金额、蓝字发票的摘要。

        \b
        例:  kaipiao shadow report
             kaipiao shadow report --all --json > 不一致.ndjson
             kaipiao shadow report --page 比对.html

        --json: 第一行是各项计数, 其后每处不一致一行, 含双方完整的答复。
        退出码: 0 已比对的全部一致, 1 有不一致。
        """,
        """What came of it: how many of each, and every divergence with both answers.

        Set aside: number, instant, place in the log, QR code, standing; of a red letter also the
        original's number, the form's id and the digest.  All else is compared: the key, the draft,
        every line's and the total's amounts, the amount in words, an original's digest.

        \b
        Examples:  kaipiao shadow report
                   kaipiao shadow report --all --json > apart.ndjson
                   kaipiao shadow report --page compared.html

        With --json the first line holds the counts, and then there is one line a divergence, with
        both answers whole.  Exits 0 if all that was compared is alike, 1 if not.
        """,
    ),
)
@place_options
@click.option(
    "--run",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help=t("此前的第几次比对, 默认当前", "An earlier run. Default: the one that is on."),
)
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("另写一个网页: 双方的答复并排", "Write a page as well: both answers side by side."),
)
@click.option("--all", "every", is_flag=True, help=t("全部列出", "List all, not the first 20."))
@click.option("--json", "as_json", is_flag=True, help=t("每行一个 JSON", "JSON, one a line."))
@click.pass_context
def report(
    context: click.Context,
    data: str | None,
    folder: Path | None,
    number: int | None,
    page: Path | None,
    every: bool,
    as_json: bool,
) -> None:
    place = place_of(data, folder)
    book = Book((place.run(number) if number else place.now()).path)
    tally = book.read()
    if tally is None:
        raise click.UsageError(
            t("这里没有比对过。开始: kaipiao shadow start", "No run here: kaipiao shadow start")
        )
    if page:
        from kaipiao.continuity.shadow.page import render_page

        plan = None if number else read_plan(place.plan)
        language: Language = "zh" if t("zh", "en") == "zh" else "en"
        page.write_bytes(render_page(plan, tally, book.divergences(), language))
    if as_json:
        say_json(counts_of(tally)._asdict())
        for one in book.divergences():
            say_json(one)
    else:
        _show(tally, book, every)
    if not tally.is_alike:
        context.exit(exits.NO)


@command.command(
    "stop",
    help=t(
        """停止影子。退出码: 0 已停止 (或本来没有运行), 3 没有及时停止。""",
        """Stop the shadow.  Exits 0 once it is stopped, or did not run; 3 if not in time.""",
    ),
)
@place_options
@click.pass_context
def stop(context: click.Context, data: str | None, folder: Path | None) -> None:
    place = place_of(data, folder)
    pid = runner_of(place)
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while runner_of(place) == pid:
            if time.monotonic() > deadline:
                warn(t(f"进程 {pid} 没有停止", f"Process {pid} did not stop"))
                context.exit(exits.OUTAGE)
            time.sleep(0.1)
    say(t("已停止。", "Stopped."))


def _elsewhere(program: str | None, at: str | None, key_file: Path | None) -> Elsewhere | None:
    """Raises UsageError: not either, or half of it."""
    if (at is None) != (key_file is None) or (at and program):
        raise click.UsageError(
            t(
                "--at 与 --key-file 须一起给出, 且不与 --program 同用",
                "--at and --key-file go together, and not with --program",
            )
        )
    return Elsewhere(at, str(key_file.absolute())) if at and key_file else None


def _teller(progress: Progress) -> Callable[[Tally], None]:
    """Shows each step; says once when the shadow goes away, once when it is back."""
    known: dict[str, Any] = {"done": None, "away": ""}

    def tell(tally: Tally) -> None:
        if known["done"] is not None:
            progress.advance(tally.next_index - known["done"])
        known["done"] = tally.next_index
        if bool(tally.away) != bool(known["away"]) and tally.away:
            warn(t(f"影子没有应答: {tally.away}", f"The shadow does not answer: {tally.away}"))
        known["away"] = tally.away

    return tell


def _show(tally: Tally, book: Book, every: bool) -> None:
    counts = counts_of(tally)._asdict()
    say(t(*sentence(tally)))
    say_table([(t(*words), f"{counts[name]:,}") for name, words in COUNTS], right=(1,))
    listed = 0
    for listed, one in enumerate(book.divergences(), start=1):
        if listed > SHOWN and not every:
            say(t("……其余用 --all 列出。", "… the rest: --all"))
            return
        for words in lines_of(one):
            say(printable(t(*words)))


def _runs_already(pid: int) -> str:
    return t(
        f"影子已在运行 (进程 {pid})。停止: kaipiao shadow stop",
        f"The shadow runs already (process {pid}). To stop it: kaipiao shadow stop",
    )
