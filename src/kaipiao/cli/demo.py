"""``kaipiao demo``: the main job, from nothing, to look at."""

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from kaipiao.app.folder import Running
from kaipiao.app.settings import Settings, default_data_folder, load_settings
from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, warn
from kaipiao.fiscal.sample import SELLERS

if TYPE_CHECKING:
    from kaipiao.cli.demonstration import Done

COUNT = 240


@click.command(
    "demo",
    help=t(
        """从零演示全过程: 建立单元, 授信, 开票, 冲红 (一张全部, 一张部分), 取回执并离线查验。

        演示使用自己的数据目录, 不影响真实数据; 之后保持运行, 直到 Ctrl-C。全部销方、购方均为虚构。

        \b
        例:  kaipiao demo
             kaipiao demo --once        (演示一遍即结束, 清除一切; 末行为 JSON)

        --once 末行: {"issued", "reversed", "verified", "seconds"}。

        退出码: 0 每一步都成立, 1 某一步不成立, 3 单元无法启动。
        """,
        """The main job from nothing: a cell, credit, a batch of invoices, one reversed wholly
        and one in part, receipts fetched and verified offline.

        It uses a data folder of its own, so nothing real is touched; then it stays until
        Ctrl-C.  Every company in it is invented.

        \b
        Examples:  kaipiao demo
                   kaipiao demo --once     (once, on a scratch folder; the last line is JSON)

        The last line of --once: {"issued", "reversed", "verified", "seconds"}.

        Exits 0 if every step held, 1 if one did not, 3 if the cell does not start.
        """,
    ),
)
@click.option(
    "--once", is_flag=True, help=t("一遍即结束, 不留痕迹", "Do it once and leave nothing behind.")
)
@click.option("--data", metavar="DIR", help=t("数据目录", "Data folder of the demonstration."))
@click.option("--port", metavar="N", help=t("端口, 默认任选", "Port; default: one that is free."))
@click.option(
    "--count",
    type=click.IntRange(10, 100_000),
    default=COUNT,
    show_default=True,
    metavar="N",
    help=t("开票张数", "How many invoices."),
)
@click.pass_context
def command(
    context: click.Context, once: bool, data: str | None, port: str | None, count: int
) -> None:
    began = time.monotonic()
    if once:
        with tempfile.TemporaryDirectory(prefix="kaipiao-demo-") as scratch:
            settings = _settings(data or scratch, port or "0")
            done = _run(settings, count, stay=False)
            if not data:
                from kaipiao.ledger.embedded.remove import remove_database

                remove_database(Path(scratch))
    else:
        settings = _settings(data or f"{default_data_folder(os.environ)}-demo", port)
        done = _run(settings, count, stay=True)
        say(t("已停止。", "Stopped."))
    if done is None:
        context.exit(exits.NO)
    if once:
        seconds = round(time.monotonic() - began, 2)
        say_json(msgspec.structs.replace(done, seconds=seconds))


def _settings(data: str, port: str | None) -> Settings:
    from kaipiao.cli.examine import is_taken

    settings = load_settings({"data": data, "port": port}, os.environ)
    if port is None and is_taken(settings.host, settings.port):
        return msgspec.structs.replace(settings, port=0)
    return settings


def _run(settings: Settings, count: int, *, stay: bool) -> "Done | None":
    """Run the cell and the steps beside it; None if a step did not hold."""
    from kaipiao.cli.demonstration import StepFailed

    say(t(f"正在建立单元 {settings.data} ...", f"Making a cell in {settings.data} ..."))
    steps = Steps(count, stay=stay)
    asyncio.run(steps.with_cell(settings))
    if steps.failure is not None:
        if not isinstance(steps.failure, StepFailed):
            raise steps.failure
        warn(t(f"未通过: {steps.failure}", f"This did not hold: {steps.failure}"))
    return steps.done


class Steps:
    """The demonstration in a thread of its own, while the main thread keeps the cell."""

    def __init__(self, count: int, *, stay: bool) -> None:
        self._count = count
        self._stay = stay
        self.done: Done | None = None
        self.failure: Exception | None = None

    async def with_cell(self, settings: Settings) -> None:
        from kaipiao.app.supervise import run_cell

        loop, stop = asyncio.get_running_loop(), asyncio.Event()

        def begin(running: Running) -> None:
            def end() -> None:
                loop.call_soon_threadsafe(stop.set)

            # A daemon: when the cell is stopped meanwhile, nobody waits for it.
            threading.Thread(target=self._demonstrate, args=(running, end), daemon=True).start()

        await run_cell(settings, ready_file=None, announce=begin, stop=stop)

    def _demonstrate(self, running: Running, end: Callable[[], None]) -> None:
        from kaipiao.cli.demonstration import Demonstration

        say(t(f"单元就绪: {running.url}", f"The cell is ready: {running.url}"))
        try:
            self.done = Demonstration(running, self._count, say).run()
        except Exception as failure:
            self.failure = failure
        if self.failure is not None or not self._stay:
            end()
        else:
            say(_farewell(running))


def _farewell(running: Running) -> str:
    seller = SELLERS[0].taxpayer_id
    exports = f"export KAIPIAO_URL={running.url} KAIPIAO_KEY_FILE={running.key_file}"
    return t(
        f"\n一切成立。单元继续运行于 {running.url} (接口文档 {running.url}/docs), Ctrl-C 停止。\n"
        f"在另一个终端接着试:\n  {exports}\n"
        f"  kaipiao list {seller}\n"
        f"  kaipiao credit show {seller}\n"
        "  kaipiao template 我的.xlsx; kaipiao issue 我的.xlsx\n"
        "  kaipiao log checkpoint",
        f"\nEvery step held. The cell stays at {running.url} (API reference {running.url}/docs); "
        f"Ctrl-C stops it.\nTo go on, in another terminal:\n  {exports}\n"
        f"  kaipiao list {seller}\n"
        f"  kaipiao credit show {seller}\n"
        "  kaipiao template mine.xlsx; kaipiao issue mine.xlsx\n"
        "  kaipiao log checkpoint",
    )
