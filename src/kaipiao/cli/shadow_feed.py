"""``kaipiao shadow route`` and ``mirror``: calls are copied to the shadow as they come."""

import asyncio
import os
import signal
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click

from kaipiao.app.settings import load_settings
from kaipiao.cli.language import t
from kaipiao.cli.shadow_place import place_of, place_options
from kaipiao.cli.terminal import say, say_json
from kaipiao.continuity.shadow.cell import AlreadyRuns

LISTEN = "127.0.0.1:8730"
BP_PER_UNIT = 10_000


@click.command(
    "route",
    help=t(
        """在单元前面运行 Envoy, 请求照常到达单元; kaipiao shadow mirror 可把一部分复制给影子。

        销方改为访问这里的地址。答复总是单元的; 影子的答复被丢弃, 影子慢、停、出错都与销方无关。
        复制的只有逐张开票的请求; 其中销方的令牌换成影子自己的密钥, 不会到达影子, 也不写入文件。
        三机单元: 用 --to 给出每个成员的地址, 不可用的成员不再分到请求。
        前台运行, 直到 Ctrl-C; Envoy 停止则重新启动。单元看到的客户端地址是本机。

        
        例:  kaipiao shadow route --listen 127.0.0.1:8730
             kaipiao shadow route --to http://192.0.2.1:8720 --to http://192.0.2.2:8720
        """,
        """Run Envoy in front of the cell.  Calls reach the cell as before; with kaipiao shadow
        mirror a share of them is copied to the shadow.

        Sellers call this address instead.  The answer is always the cell's; the shadow's is
        dropped, so a slow, dead or broken shadow is nothing to them.  Copied is the issuing of
        single invoices only; a seller's token is replaced by the shadow's own key, so it reaches
        neither the shadow nor a file.  Three machines: name each member with --to; one that is
        not well gets no calls.  It runs in the foreground until Ctrl-C, and starts Envoy again
        should it end.  The cell sees this machine as its callers' address.

        
        Examples:  kaipiao shadow route --listen 127.0.0.1:8730
                   kaipiao shadow route --to http://192.0.2.1:8720 --to http://192.0.2.2:8720
        """,
    ),
)
@place_options
@click.option(
    "--listen",
    default=LISTEN,
    metavar="HOST:PORT",
    help=t(f"监听地址, 默认 {LISTEN}", f"Where to listen. Default: {LISTEN}."),
)
@click.option(
    "--to",
    "cells",
    multiple=True,
    metavar="URL",
    help=t("单元的地址, 可多次; 默认本机的单元", "The cell's, repeatable. Default: the one here."),
)
def route(data: str | None, folder: Path | None, listen: str, cells: tuple[str, ...]) -> None:
    from kaipiao.app.shadow_mirror import serve_route

    settings = load_settings({"data": data}, os.environ)
    host, port = _address(listen)
    for url in cells:
        _check_url(url)

    async def run() -> None:
        running = asyncio.ensure_future(
            serve_route(settings, place_of(data, folder), host=host, port=port, cells=cells)
        )
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        await running

    say(t(f"在 {listen} 监听。停止: Ctrl-C", f"Listening at {listen}. To stop: Ctrl-C"))
    try:
        asyncio.run(run())
    except asyncio.CancelledError:
        say(t("已停止。", "Stopped."))
    except AlreadyRuns as running:
        raise click.UsageError(
            t(f"已在运行 (进程 {running.pid})", f"it runs already (process {running.pid})")
        ) from None


@click.command(
    "mirror",
    help=t(
        """把多大份额的开票请求复制给影子: 一条命令打开、改变、关闭, 不丢任何请求。

        不带选项: 显示现在的份额和复制的结果。按影子的键与日志比对, 见 kaipiao shadow report;
        没有复制到的, 由日志补上。

        
        例:  kaipiao shadow mirror --share 10%
             kaipiao shadow mirror --off
             kaipiao shadow mirror

        退出码: 0 完成, 3 单元没有应答。
        """,
        """How large a share of the issuing calls is copied to the shadow: switched on, changed and
        off by one command, without dropping a call.

        Without an option: the share, and what became of the copies.  What the shadow made of them
        is compared by key, see kaipiao shadow report; what was not copied comes from the log.

        
        Examples:  kaipiao shadow mirror --share 10%
                   kaipiao shadow mirror --off
                   kaipiao shadow mirror

        Exits 0 when done, 3 if the cell did not answer.
        """,
    ),
)
@place_options
@click.option(
    "--share",
    metavar="PERCENT",
    help=t("份额, 如 10% 或 0.5%", "The share, such as 10% or 0.5%."),
)
@click.option("--off", is_flag=True, help=t("不再复制", "Copy no more."))
@click.option("--json", "as_json", is_flag=True, help=t("一行 JSON", "One line of JSON."))
def mirror(
    data: str | None, folder: Path | None, share: str | None, off: bool, as_json: bool
) -> None:
    from kaipiao.app.shadow_mirror import set_share
    from kaipiao.continuity.shadow.route import RouteFolder

    if off and share:
        raise click.UsageError(t("--share 与 --off 二选一", "--share or --off, not both"))
    settings, place = load_settings({"data": data}, os.environ), place_of(data, folder)
    if off or share:
        asyncio.run(set_share(settings, place, _share_bp(share) if share else 0))
    there = RouteFolder(place.route)
    feed, copied = there.feed(), there.copied() if there.path.exists() else None
    if as_json:
        about = {"share": feed.share_bp / BP_PER_UNIT, "shadow": feed.shadow, "copied": copied}
        say_json({"runs": copied is not None, **about})
        return
    percent = f"{100 * feed.share_bp / BP_PER_UNIT:g}%"
    to = feed.shadow or t("(影子没有应答)", "(no shadow answers)")
    say(t(f"复制 {percent} 的开票请求到 {to}。", f"{percent} of the calls go to {to} as well."))
    if copied is None:
        hint = ("没有在运行: kaipiao shadow route", "No route runs: kaipiao shadow route")
        say(t(*hint))
        return
    told = (copied.sent, copied.answered, copied.left_out)
    say(
        t(
            "已复制 {:,}, 影子答复 {:,}, 略去 {:,} (影子不在或太慢)。".format(*told),
            "{:,} copied, {:,} answered, {:,} left out (shadow away or too slow).".format(*told),
        )
    )


def _address(listen: str) -> tuple[str, int]:
    """Raises UsageError: it is no HOST:PORT."""
    host, _, port = listen.rpartition(":")
    if host and port.isdecimal() and 0 < int(port) < 65_536:
        return host.strip("[]"), int(port)
    raise click.UsageError(t(f"{listen} 不是 HOST:PORT", f"{listen} is no HOST:PORT"))


def _check_url(url: str) -> None:
    """Envoy is told addresses, so that no name server stands in the issuing path."""
    parts = urlsplit(url)
    try:
        ip_address(parts.hostname or "")
        is_whole = parts.port is not None and parts.scheme == "http"
    except ValueError:
        is_whole = False
    if not is_whole:
        raise click.UsageError(t(f"{url} 须为 http://IP:PORT", f"{url} must be http://IP:PORT"))


def _share_bp(share: str) -> int:
    """Raises UsageError: it is no percentage."""
    try:
        found = round(float(share.removesuffix("%")) * 100)
    except ValueError:
        found = -1
    if not 0 <= found <= BP_PER_UNIT:
        raise click.UsageError(
            t(f"{share} 须在 0% 与 100% 之间", f"{share} must be between 0% and 100%")
        )
    return found
