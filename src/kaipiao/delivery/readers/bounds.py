"""A room with walls: what is done inside may take so much time and memory, and no more.

The readers have limits of their own, and these are the walls behind them, for what nobody
thought of.  Time is that of the processor, so a busy machine refuses nothing; memory is address
space above what the process has.  Both are the operating system's (POSIX); where it has none,
or outside the main thread, the readers' own limits stand alone.
"""

import contextlib
import gc
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from kaipiao.base.unreadable import Unreadable

CPU_S = 0.9
MEMORY_BYTES = 100 * 2**20

_PAGE_BYTES = 4096
_AGAIN_S = 0.05
"""Between one reminder and the next, for code that catches everything."""


class _TimeIsUp(BaseException):
    """No ``Exception``: a reader passes over what only decorates, but never over this."""


@contextlib.contextmanager
def bounded(*, cpu_s: float = CPU_S, memory_bytes: int = MEMORY_BYTES) -> Iterator[None]:
    """Run the body within bounds.

    Raises:
        Unreadable: it took more processor time or memory.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        with _timed(cpu_s), _walled(memory_bytes):
            yield
    except _TimeIsUp:
        raise _too_much("时间", "time") from None
    except MemoryError:
        gc.collect()
        raise _too_much("内存", "memory") from None


@contextlib.contextmanager
def _timed(cpu_s: float) -> Iterator[None]:
    before = signal.signal(signal.SIGPROF, _time_is_up)
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, cpu_s, _AGAIN_S)
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    finally:  # once more: the time may have been up on the way out of the inner one
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def _walled(memory_bytes: int) -> Iterator[None]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wall = _address_space_bytes() + memory_bytes
    if soft != resource.RLIM_INFINITY and soft < wall:
        yield  # somebody has drawn a narrower wall already
        return
    resource.setrlimit(resource.RLIMIT_AS, (wall, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[0]) * _PAGE_BYTES
    except OSError:
        return 2**40  # not Linux: time alone is bounded


def _time_is_up(number: int, frame: FrameType | None) -> None:
    raise _TimeIsUp


def _too_much(zh: str, en: str) -> Unreadable:
    return Unreadable(
        "",
        zh=f"读取该文件耗费的{zh}超出上限, 已停止。正常发票不会如此, 请重新获取原始文件。",
        en=f"reading this took more {en} than any invoice needs, and was stopped. Get the "
        "original file again.",
    )
