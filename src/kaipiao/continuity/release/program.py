"""Asking another program: what it is, whether it fits, and to do what only it can.

The question is JSON on its standard input, so that no address of a database is in an argument
list; the answer is one line of JSON.  Who answers there is ``kaipiao.app.newcomer``.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

import msgspec

from kaipiao.continuity.release.current import Program, ReleaseRefused

NEWCOMER = "kaipiao.app.newcomer"

INTRODUCE_WITHIN_S = 20.0
MIGRATE_WITHIN_S = 600.0
READ_WITHIN_S = 3_600.0

SAID_CHARS = 600
"""Of what a program says when it fails, its end is shown."""

OURS_ALONE = frozenset({"PYTHONPATH", "PYTHONHOME"})

Word = Literal["introduce", "migrate", "root"]


class Step(msgspec.Struct, frozen=True):
    """A migration that a program brings."""

    number: int
    stage: Literal["pre", "post"]
    name: str
    digest: str


class Introduction(msgspec.Struct, frozen=True, kw_only=True):
    """What a program says of itself.  ``wire`` is that of ``app/orders.py``."""

    program: Program
    wire: int
    migrations: tuple[Step, ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``size``: of the log whose root is asked for; ``archive``: the folder of old batches."""

    dsn: str = ""
    stage: Literal["pre", "post"] = "pre"
    archive: str = ""
    size: int = 0


class Root(msgspec.Struct, frozen=True):
    """The root over the first ``size`` leaves, each made again from its invoice."""

    size: int
    root: str  # hex


class Applied(msgspec.Struct, frozen=True):
    names: tuple[str, ...]


A = TypeVar("A")


async def introduce(python: str) -> Introduction:
    """Raises ReleaseRefused: nothing runs there, or it has no kaipiao that knows releases."""
    if not (os.path.isabs(python) and os.access(python, os.X_OK)):
        raise ReleaseRefused(
            (
                f"{python} 不是可执行的 Python; 请给出新环境的 bin/python",
                f"{python} is no Python that can be run; name the new environment's bin/python",
            )
        )
    return await ask(python, "introduce", Asked(), Introduction, INTRODUCE_WITHIN_S)


async def ask(python: str, word: Word, asked: Asked, answer: type[A], within_s: float) -> A:
    """Raises ReleaseRefused: it failed or took too long; with the end of what it said."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(python, "-P", "-m", NEWCOMER, word),  # -P: nothing from whatever folder we are in
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=environment_of(python),
        )
    except OSError as error:
        raise _failed(python, word, str(error)) from None
    try:
        question = msgspec.json.encode(asked)
        said, errors = await asyncio.wait_for(process.communicate(question), within_s)
        if process.returncode == 0:
            return msgspec.json.decode(said, type=answer)
        why = errors.decode("utf-8", "replace").strip()[-SAID_CHARS:]
    except (TimeoutError, msgspec.DecodeError) as error:
        why = f"{type(error).__name__} {error}"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    raise _failed(python, word, why)


def _failed(python: str, word: Word, why: str) -> ReleaseRefused:
    return ReleaseRefused((f"{python} {word} 失败: {why}", f"{python} failed at {word}: {why}"))


def environment_of(python: str) -> dict[str, str]:
    """Of a process of ``python``: ours, but for what would make another Python import our code."""
    if python == sys.executable:
        return dict(os.environ)
    return {name: value for name, value in os.environ.items() if name not in OURS_ALONE}


def check_fits(old: Introduction, new: Introduction) -> list[tuple[str, str]]:
    """Every reason why ``new`` cannot follow ``old`` under load, in Chinese and English."""
    faults = []
    if new.wire != old.wire:
        faults.append(
            (
                f"监控进程用约定 {old.wire}, 新程序用 {new.wire}; "
                "请停止单元, 删除 release.json, 再用新程序启动",
                f"the supervisor speaks wire {old.wire}, the new program wire {new.wire}; stop "
                "the cell, remove release.json and start it with the new program",
            )
        )
    return faults + _check_history(old.migrations, new.migrations)


def check_can_return(old: Introduction, ahead: Sequence[str]) -> None:
    """``ahead``: ``post`` migrations of the database that ``old`` was not made for.

    Raises:
        ReleaseRefused: there are some; another member's ``finish`` applied them.
    """
    if ahead:
        names = ", ".join(ahead)
        raise ReleaseRefused(
            (
                f"数据库已执行 {names}, {old.program} 不认识; 请 kaipiao release finish --yes",
                f"the database has {names}, which {old.program} does not know; type kaipiao "
                "release finish --yes",
            )
        )


def _check_history(old: Sequence[Step], new: Sequence[Step]) -> list[tuple[str, str]]:
    known: Mapping[int, Step] = {step.number: step for step in new}
    faults = [
        (
            f"新程序没有迁移 {step.name}, 或其内容不同: 它比现在的程序旧, 或不是它的后续",
            f"the new program lacks the migration {step.name}, or has another one: it is older "
            "than what runs, or no successor of it",
        )
        for step in old
        if known.get(step.number) != step
    ]
    brought = [step for step in new if step.number > len(old)]
    posts = [step for step in brought if step.stage == "post"]
    early = [
        step for step in brought if step.stage == "pre" and posts and step.number > posts[0].number
    ]
    faults += [
        (
            f"新程序的 {step.name} 排在 {posts[0].name} 之后: 请分两次发布",
            f"the new program's {step.name} stands behind {posts[0].name}: release it in two steps",
        )
        for step in early
    ]
    return faults
