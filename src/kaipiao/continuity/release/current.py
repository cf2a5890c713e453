"""Which program is current, what may be done about it, and the file that remembers.

    settled ──apply──▶ open ──finish──▶ finishing ──▶ settled (new)
       ▲                │ rollback
       └────────────────┘

Pure but for ``read_current`` and ``keep_current``.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from kaipiao.base.durable import write_whole

Stage = Literal["pre", "post"]
State = Literal["settled", "open", "finishing"]


class Program(msgspec.Struct, frozen=True):
    """A kaipiao that can be run: the Python of its environment, by absolute path."""

    python: str
    version: str

    def __str__(self) -> str:
        return f"{self.version} ({self.python})"


class Current(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``before`` is there while a release is open, and is where a rollback leads.

    ``finish_after``: it finishes by itself then, if ``quiet_s`` seconds passed without a fault.
    """

    program: Program
    since: datetime | None = None
    before: Program | None = None
    finish_after: datetime | None = None
    quiet_s: float = 0.0
    is_finishing: bool = False

    @property
    def state(self) -> State:
        if self.is_finishing:
            return "finishing"
        return "open" if self.before else "settled"


class ReleaseRefused(Exception):
    """Nothing was changed, or what was changed has been put back; all reasons, with what to do."""

    def __init__(self, *reasons: tuple[str, str]) -> None:
        super().__init__("; ".join(en for _, en in reasons))
        self.zh = "\n".join(zh for zh, _ in reasons)
        self.en = "\n".join(en for _, en in reasons)


def read_current(path: Path) -> Current | None:
    """What the file says; None: no release was ever applied here.

    Raises:
        ReleaseRefused: the file is damaged.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Current)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ReleaseRefused(
            (
                f"{path} 无法读取 ({error}); 请从备份恢复, 或确认应运行的程序后删除它",
                f"{path} cannot be read ({error}); bring it back from a backup, or make sure "
                "which program should run and remove it",
            )
        ) from None


def keep_current(path: Path, current: Current) -> None:
    """Remember it; whole or not at all, whatever dies meanwhile."""
    write_whole(path, msgspec.json.encode(current) + b"\n")


def opened(
    current: Current, new: Program, *, at: datetime, quiet: timedelta = timedelta()
) -> Current:
    """With ``new`` in place; ``quiet``: then it finishes by itself; none: when a person says so.

    Raises:
        ReleaseRefused: see ``check_may_open``.
    """
    check_may_open(current, new)
    then = Current(program=new, since=at, before=current.program, quiet_s=quiet.total_seconds())
    return put_off(then, at=at)


def put_off(current: Current, *, at: datetime) -> Current:
    """The quiet time that a release must have before it finishes by itself begins anew."""
    if not (current.before and current.quiet_s):
        return current
    due = at + timedelta(seconds=current.quiet_s)
    return msgspec.structs.replace(current, finish_after=due)


def check_may_open(current: Current, new: Program) -> None:
    """Raises ReleaseRefused: another release is open, or ``new`` is what runs."""
    if current.state != "settled":
        raise ReleaseRefused(
            (
                f"{current.program} 的发布尚未完成; 请先 kaipiao release finish 或 rollback",
                f"the release of {current.program} is not finished; first type kaipiao release "
                "finish, or rollback",
            )
        )
    if new.python == current.program.python:
        raise ReleaseRefused(
            (
                f"{new} 正在运行; 每个版本请用单独的环境",
                f"{new} is what runs; give each release an environment of its own",
            )
        )


def rolled_back(current: Current, *, at: datetime) -> Current:
    """With the former program in place again.

    Raises:
        ReleaseRefused: there is none, or it could not work on the database any more.
    """
    if current.is_finishing or current.before is None:
        raise ReleaseRefused(
            (
                f"{current.program} 之前没有可回退的程序: 没有未完成的发布, 或 post 迁移已经开始。"
                "旧程序不认识新的表结构; 请发布一个改正后的版本",
                f"there is nothing to go back to from {current.program}: no release is open, or "
                "post migrations have begun, and an older program does not know their tables; "
                "apply a corrected release instead",
            )
        )
    return Current(program=current.before, since=at)


def finishing(current: Current, *, at: datetime) -> Current:
    """From here on there is no way back; post migrations may begin, or go on.

    Raises:
        ReleaseRefused: no release is open.
    """
    if current.is_finishing:
        return current
    if current.before is None:
        raise ReleaseRefused(
            (
                "没有未完成的发布; 请先 kaipiao release apply",
                "no release is open; begin one with kaipiao release apply",
            )
        )
    return Current(program=current.program, since=at, is_finishing=True)


def finished(current: Current, *, at: datetime) -> Current:
    assert current.is_finishing
    return Current(program=current.program, since=at)


def is_due(current: Current, now: datetime) -> bool:
    """Whether the stated time is over after which the release finishes by itself."""
    return current.finish_after is not None and now >= current.finish_after
