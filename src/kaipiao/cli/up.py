"""``kaipiao up``: a cell on this machine."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kaipiao.app.folder import CellFolder, Running
from kaipiao.app.settings import describe_settings, load_settings
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say

F = TypeVar("F", bound=Callable[..., Any])


def setting_options(function: F) -> F:
    """Every setting as a flag; none has a default here, so that the environment can speak."""
    for setting in reversed(describe_settings()):
        metavar = "N" if setting.whole_number else "TEXT"
        default = t(f" 默认 {setting.default}", f" Default: {setting.default}.")
        shown = t(setting.zh, setting.en) + (default if setting.default else "")
        function = click.option(setting.flag, setting.name, metavar=metavar, help=shown)(function)
    return function


@click.command(
    "up",
    help=t(
        """启动一个单元: 数据库、存证、HTTP 接口, 直到 Ctrl-C 或 SIGTERM。

        第一次启动会建立数据目录、数据库和第一个 API 密钥。任何部分中断都会自动重启;
        停止在 5 秒内完成, 不丢失已受理的发票。用 kaipiao release 发布过的单元由当前版本的程序启动。

        \b
        例:  kaipiao up
             kaipiao up --data /srv/kaipiao --port 8720
             KAIPIAO_DSN=postgresql://... kaipiao up      (使用已有数据库)

        就绪后 --ready-file 中有 JSON: url, key_file, pid, data。

        设置的来源, 先到先得: 参数, 环境变量 KAIPIAO_*, 数据目录中的 config.json, 默认值。

        退出码: 0 正常停止, 2 设置有误或已在运行, 3 数据库无法启动。
        """,
        """Run a cell: database, evidence log and HTTP API, until Ctrl-C or SIGTERM.

        The first start makes the data folder, the database and the first API key.  Whatever
        dies is started again.  A stop takes less than 5 seconds and loses nothing that was
        acknowledged.  A cell to which a release was applied is run by the program that
        kaipiao release status names, whichever you type.

        \b
        Examples:  kaipiao up
                   kaipiao up --data /srv/kaipiao --port 8720
                   KAIPIAO_DSN=postgresql://... kaipiao up     (use another server)

        Once a request really succeeds, --ready-file holds JSON: url, key_file, pid, data.

        A setting comes from the first of: its flag, the environment (KAIPIAO_*), config.json in
        the data folder, its default.

        Exits 0 after a stop, 2 if a setting is wrong or the cell runs already, 3 if the
        database does not start.
        """,
    ),
)
@setting_options
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("就绪后写入的文件", "Written when the cell answers, removed when it stops."),
)
def command(ready_file: Path | None, **flags: str | None) -> None:
    from kaipiao.app.release_current import hand_over
    from kaipiao.app.supervise import run_cell

    settings = load_settings(flags, os.environ)
    hand_over(CellFolder(settings.data), sys.argv[1:])
    say(t(f"正在启动 {settings.data} ...", f"Starting the cell in {settings.data} ..."))
    asyncio.run(run_cell(settings, ready_file=ready_file, announce=announce))
    say(t("已停止。", "Stopped."))


def announce(running: Running) -> None:
    data = f" --data {running.data}"
    say(
        t(
            f"就绪: {running.url}   接口文档: {running.url}/docs\n"
            f"API 密钥文件: {running.key_file}\n"
            "接下来, 在另一个终端:\n"
            f"  export KAIPIAO_URL={running.url} KAIPIAO_KEY_FILE={running.key_file}\n"
            "  kaipiao credit grant 销方识别号 1000000\n"
            "  kaipiao issue 草稿.json\n"
            f"检查: kaipiao doctor{data}    停止: Ctrl-C",
            f"Ready: {running.url}   API reference: {running.url}/docs\n"
            f"API key file: {running.key_file}\n"
            "To go on, in another terminal:\n"
            f"  export KAIPIAO_URL={running.url} KAIPIAO_KEY_FILE={running.key_file}\n"
            "  kaipiao credit grant SELLER_ID 1000000\n"
            "  kaipiao issue drafts.json\n"
            f"To look: kaipiao doctor{data}    To stop: Ctrl-C",
        )
    )
