"""What ``kaipiao doctor`` looks at: one function a question, each with its advice."""

import locale
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.settings import Settings, load_settings
from kaipiao.app.twins import TWINS, missing_twins
from kaipiao.cli.examine_backup import look_at_backups
from kaipiao.cli.examine_cell import (
    look_at_cell,
    look_at_folder,
    look_at_postgres,
    look_at_user,
)
from kaipiao.cli.examine_delivery import look_at_deliveries, look_at_relay
from kaipiao.cli.finding import Finding, existing

DISK_ERROR_BYTES = 256 * 2**20
DISK_WARNING_BYTES = 2 * 2**30
MEMORY_WARNING_BYTES = 2**30
FSYNC_WARNING_MS = 20.0
FSYNC_TRIES = 20
FIRST_YEAR = 2025
"""A clock before the year of this program is wrong."""


def examine(flags: Mapping[str, object]) -> Iterator[Finding]:
    """Everything, one by one.

    Raises:
        SettingsWrong: the settings themselves cannot be read.
    """
    settings = load_settings(flags, os.environ)
    for look in _LOOKS:
        yield look(settings)


def look_at_python(settings: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    inside = sys.prefix != sys.base_prefix
    return Finding(
        what="python",
        level="ok" if inside else "warning",
        zh=f"Python {version}, 位于 {sys.prefix}",
        en=f"Python {version} in {sys.prefix}",
        advice_zh="" if inside else "不在虚拟环境中。建议用 ./run 启动, 它会自行建好环境。",
        advice_en=""
        if inside
        else "Not in an environment of its own. Start by ./run, which makes one.",
    )


def look_at_twins(settings: Settings) -> Finding:
    missing = missing_twins()
    return Finding(
        what="compiled",
        level="warning" if missing else "ok",
        zh=f"已编译模块: {len(TWINS) - len(missing)} / {len(TWINS)}",
        en=f"Compiled modules: {len(TWINS) - len(missing)} of {len(TWINS)}",
        advice_zh="结果相同, 但接收请求约费三倍: 装 gcc、python3-dev, 删 .venv/whole, 再 ./run"
        if missing
        else "",
        advice_en="The answers are the same, but taking a request in costs three times the CPU: "
        "install gcc and python3-dev, "
        "remove .venv/whole and start ./run again"
        if missing
        else "",
    )


def look_at_installers(settings: Settings) -> Finding:
    near = Path(sys.executable).parent
    found = [name for name in ("uv", "pip") if (near / name).exists() or shutil.which(name)]
    return Finding(
        what="installers",
        level="ok" if found else "warning",
        zh=f"安装工具: {', '.join(found) or '无'}",
        en=f"Installers: {', '.join(found) or 'none'}",
        advice_zh="" if found else "升级时需要 pip: apt install python3-pip",
        advice_en="" if found else "An upgrade needs pip: apt install python3-pip",
    )


def look_at_disk(settings: Settings) -> Finding:
    folder = existing(Path(settings.data))
    free = shutil.disk_usage(folder).free
    level: Literal["ok", "warning", "error"] = "ok"
    if free < DISK_WARNING_BYTES:
        level = "error" if free < DISK_ERROR_BYTES else "warning"
    return Finding(
        what="disk",
        level=level,
        zh=f"{folder} 剩余空间 {free / 2**30:.1f} GiB",
        en=f"{free / 2**30:.1f} GiB free in {folder}",
        advice_zh=""
        if level == "ok"
        else "请清理磁盘, 或用 --data 指定更大的磁盘。约 1 KB 一张发票。",
        advice_en=""
        if level == "ok"
        else "Free some, or name a larger disk by --data. About 1 KB an invoice.",
    )


def look_at_fsync(settings: Settings) -> Finding:
    """The median of a few small forced writes: nothing is acknowledged faster than this."""
    with tempfile.TemporaryFile(dir=_writable(Path(settings.data))) as file:
        taken = sorted(_force(file.fileno()) for _ in range(FSYNC_TRIES))
    median_ms = taken[FSYNC_TRIES // 2] * 1000
    slow = median_ms > FSYNC_WARNING_MS
    return Finding(
        what="fsync",
        level="warning" if slow else "ok",
        zh=f"落盘一次约 {median_ms:.2f} 毫秒",
        en=f"Making a write durable takes {median_ms:.2f} ms",
        advice_zh="磁盘较慢, 单笔开票会等待。请改用固态盘: --data" if slow else "",
        advice_en="A slow disk: every invoice waits for it. Use an SSD: --data" if slow else "",
    )


def look_at_memory(settings: Settings) -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    small = total < MEMORY_WARNING_BYTES
    return Finding(
        what="memory",
        level="warning" if small else "ok",
        zh=f"内存 {total / 2**30:.1f} GiB, 处理器 {os.cpu_count()} 核",
        en=f"{total / 2**30:.1f} GiB of memory, {os.cpu_count()} cores",
        advice_zh="内存偏小: 请用 --workers 1" if small else "",
        advice_en="Not much: use --workers 1" if small else "",
    )


def look_at_port(settings: Settings) -> Finding:
    if (running := read_running(CellFolder(settings.data))) and running.url.endswith(
        f":{settings.port}"
    ):
        return Finding(
            what="port",
            level="ok",
            zh=f"端口 {settings.port} 由本单元使用",
            en=f"Port {settings.port} is held by this cell",
        )
    taken = is_taken(settings.host, settings.port)
    return Finding(
        what="port",
        level="error" if taken else "ok",
        zh=f"端口 {settings.host}:{settings.port} {'已被占用' if taken else '可用'}",
        en=f"Port {settings.host}:{settings.port} is {'taken' if taken else 'free'}",
        advice_zh=f"换一个: --port {settings.port + 1}; 谁在用: ss -ltnp" if taken else "",
        advice_en=f"Use another: --port {settings.port + 1}; who has it: ss -ltnp" if taken else "",
    )


def look_at_clock(settings: Settings) -> Finding:
    now = SystemClock().now()
    wrong = now.year < FIRST_YEAR
    return Finding(
        what="clock",
        level="error" if wrong else "ok",
        zh=f"系统时间 {now:%Y-%m-%d %H:%M:%S} UTC",
        en=f"The clock says {now:%Y-%m-%d %H:%M:%S} UTC",
        advice_zh="时钟错误, 发票日期会错: timedatectl set-ntp true" if wrong else "",
        advice_en="It is wrong, and invoices would be: timedatectl set-ntp true" if wrong else "",
    )


def look_at_locale(settings: Settings) -> Finding:
    encoding = (getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding()).lower()
    utf8 = encoding.replace("-", "") == "utf8"
    return Finding(
        what="locale",
        level="ok" if utf8 else "warning",
        zh=f"终端编码 {encoding}",
        en=f"The terminal speaks {encoding}",
        advice_zh="" if utf8 else "中文会显示为乱码: export LANG=C.UTF-8",
        advice_en="" if utf8 else "Chinese will not show: export LANG=C.UTF-8",
    )


_LOOKS: tuple[Callable[[Settings], Finding], ...] = (
    look_at_python,
    look_at_twins,
    look_at_installers,
    look_at_disk,
    look_at_fsync,
    look_at_memory,
    look_at_port,
    look_at_clock,
    look_at_locale,
    look_at_postgres,
    look_at_user,
    look_at_folder,
    look_at_cell,
    look_at_relay,
    look_at_deliveries,
    look_at_backups,
)


def _writable(folder: Path) -> Path:
    place = existing(folder)
    return place if os.access(place, os.W_OK) else Path(tempfile.gettempdir())


def _force(handle: int) -> float:
    began = time.monotonic()
    os.write(handle, b"kaipiao\n" * 64)
    os.fsync(handle)
    return time.monotonic() - began


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens there already."""
    if port == 0:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
