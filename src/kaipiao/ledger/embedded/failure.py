"""Why the database does not start, said so that a person can act."""

from pathlib import Path
from typing import NamedTuple

from kaipiao.errors import Outage

TAIL_BYTES = 4_000


class DatabaseWontStart(Outage):
    """The embedded database did not start.  ``zh`` and ``en`` say what to do; ``log`` is the end
    of what PostgreSQL itself said, empty if it was never asked."""

    def __init__(self, *, zh: str, en: str, log: str = "") -> None:
        super().__init__("embedded-postgresql")
        self.zh = zh
        self.en = en
        self.log = log

    def text(self, language: str) -> str:
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return f"{self.en}\n{self.log}".rstrip()


class Advice(NamedTuple):
    sign: str  # what PostgreSQL writes
    zh: str
    en: str


ADVICE = (
    Advice(
        "No space left on device",
        "磁盘已满, 数据库无法启动。请清理 {place} 所在磁盘后再次启动; 已开具的发票没有丢失。",
        "The disk is full. Free space on the disk of {place} and start again; "
        "no issued invoice is lost.",
    ),
    Advice(
        "could not create shared memory segment",
        "共享内存不足, 数据库无法启动。请增加内存, 或扩大容器的 /dev/shm "
        "(docker run --shm-size=256m)。",
        "Too little shared memory. Give the machine more, or the container a larger /dev/shm "
        "(docker run --shm-size=256m).",
    ),
    Advice(
        "pre-existing shared memory block",
        "前一个数据库进程仍在退出。请稍等几秒后再次启动。",
        "An earlier server is still leaving {place}. Wait a few seconds and start again.",
    ),
    Advice(
        "wrong ownership",
        "{place} 的所有者不对。请用拥有该文件夹的用户启动, 或改正其所有者 (chown -R)。",
        "{place} belongs to another user. Start as its owner, or give it back (chown -R).",
    ),
    Advice(
        "Permission denied",
        "{place} 中有文件无法读写。请检查其所有者与权限。",
        "A file in {place} cannot be read or written. Check its owner and mode.",
    ),
)

UNKNOWN = Advice(
    "",
    "数据库没有启动, 原因见以下日志 ({place})。",
    "The database did not start; its log says why (all of it is in {place}).",
)


def explain(log: str, *, place: Path) -> DatabaseWontStart:
    """The advice that fits the end of PostgreSQL's log, with that end."""
    advice = next((one for one in ADVICE if one.sign in log), UNKNOWN)
    zh, en = (text.format(place=place) for text in (advice.zh, advice.en))
    return DatabaseWontStart(zh=zh, en=en, log=log)


def read_tail(path: Path) -> str:
    """The end of a log file; nothing if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
