"""``kaipiao backup stream``: the database's log, received as it is written."""

import asyncio
from pathlib import Path
from typing import Any

import click

from kaipiao.cli.backup_options import Where, of_a_cell
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say


@click.command(
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
@of_a_cell
@click.option(
    "--anew",
    is_flag=True,
    help=t("丢弃旧的流, 另起一个系列", "Drop the former stream, begin another series."),
)
@click.option(
    "--end",
    is_flag=True,
    help=t(
        "不再接收: 让服务器不再为它保留日志", "Receive no more: the server keeps nothing for it."
    ),
)
def stream(where: Where, anew: bool, end: bool) -> None:
    settings = where.settings()
    shelf = where.shelf(settings)
    if end:
        from kaipiao.app.backup_stream import end_stream

        end_stream(settings, shelf)
        say(t("已结束: 服务器不再保留。", "Ended: the server keeps nothing for it."))
        return
    asyncio.run(_stream(settings, shelf, anew))
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
