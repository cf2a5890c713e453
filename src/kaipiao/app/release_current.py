"""Which program runs the cell of a folder: asked, become, and changed while nothing runs."""

import os
import sys
from importlib.metadata import version

from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, OnlySupervisor
from kaipiao.continuity.release import current as rules
from kaipiao.continuity.release.current import (
    Current,
    Program,
    ReleaseRefused,
    keep_current,
    read_current,
)
from kaipiao.continuity.release.program import check_fits, environment_of, introduce


def current_of(folder: CellFolder) -> Current:
    """What is current here; where no release was ever applied, whoever asks.

    Raises:
        ReleaseRefused: the file is damaged.
    """
    return read_current(folder.release) or Current(program=ourselves())


def ourselves() -> Program:
    return Program(sys.executable, version("kaipiao"))


def is_open(folder: CellFolder) -> bool:
    """Whether an older program may come back: then no post migration may run."""
    return current_of(folder).state == "open"


def hand_over(folder: CellFolder, arguments: list[str]) -> None:
    """Become the program that is current here, if that is another one than we are.

    Raises:
        ReleaseRefused: it is not there any more.
    """
    program = current_of(folder).program
    if program.python == sys.executable:
        return
    if not os.access(program.python, os.X_OK):
        raise ReleaseRefused(
            (
                f"{folder.release} 指定的程序 {program} 不存在; 请恢复该环境, "
                "或在发布完成前用 kaipiao release rollback 回退",
                f"{folder.release} names {program}, which is not there; bring that environment "
                "back, or, while the release is open, type kaipiao release rollback",
            )
        )
    begin = "from kaipiao.cli.main import main; main()"
    command = [program.python, "-P", "-c", begin, *arguments]
    os.execve(program.python, command, environment_of(program.python))


def roll_back_at_rest(folder: CellFolder) -> Current:
    """Go back while the cell does not run, because the new program does not even start.

    Raises:
        ReleaseRefused: see ``current.rolled_back``.
        AlreadyRunning: then the supervisor does it.
    """
    folder.make()
    with OnlySupervisor(folder):
        back = rules.rolled_back(current_of(folder), at=SystemClock().now())
        keep_current(folder.release, back)
    return back


async def apply_at_rest(folder: CellFolder, python: str) -> Current:
    """Have ``python`` start the next time: for a member that was away while the others took it.

    Nothing is migrated or tried here: its own start does the first, and its supervisor the second.

    Raises:
        ReleaseRefused: it does not fit, or a release is open here.
        AlreadyRunning: then the supervisor does it.
    """
    folder.make()
    with OnlySupervisor(folder):
        now = current_of(folder)
        old, new = await introduce(now.program.python), await introduce(python)
        rules.check_may_open(now, new.program)
        if faults := check_fits(old, new):
            raise ReleaseRefused(*faults)
        then = rules.opened(now, new.program, at=SystemClock().now())
        keep_current(folder.release, then)
    return then
