"""A log to read, in a folder or at an address, and how many of its files to read at once."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from kaipiao.app.folder import CellFolder
from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import Progress, printable
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME
from kaipiao.evidence.tiles import TILE_WIDTH
from kaipiao.evidence.walk import A, B, Spread

F = TypeVar("F", bound=Callable[..., Any])


def log_key_option(*, required: bool = False) -> Callable[[F], F]:
    """Whose signature is asked for: a vkey, or a file of them."""
    return click.option(
        "--key",
        "--log-key",
        "log_key",
        metavar="FILE|TEXT",
        envvar="KAIPIAO_LOG_KEY",
        required=required,
        help=t("日志公钥", "The log's public key."),
    )


class Log(NamedTuple):
    """``forerunners`` are the partial tiles of sizes gone by, which only a folder can list."""

    read: Callable[[str], bytes]
    note: bytes
    forerunners: Iterable[str]
    lanes: int


class NotReadable(click.ClickException):
    """There is no log to judge, or it cannot be read to its end."""

    exit_code = exits.USAGE

    def __init__(self, where: str, error: Exception) -> None:
        why = printable(str(error))
        super().__init__(
            t(
                f"无法读取日志 {where}: {why}。请检查路径或网址, 然后重试。",
                f"Cannot read the log {where}: {why}. Check the path or address, then try again.",
            )
        )


def open_log(log: str, parallel: int, stack: ExitStack) -> Log:
    """Raises NotReadable: there is none."""
    try:
        if log.startswith(("http://", "https://")):
            from kaipiao.client.public_log import PublicLog

            remote = stack.enter_context(PublicLog(log, lanes=parallel))
            note = remote.checkpoint()
            return Log(remote.read, note, (), parallel)
        folder = _folder(Path(log))
        note = (folder / CHECKPOINT_NAME).read_bytes()
        return Log(_reading(folder), note, _forerunners(folder), 1)
    except OSError as error:
        raise NotReadable(log, error) from error


def _folder(given: Path) -> Path:
    """The log's own folder; a cell's data folder holds it."""
    inside = CellFolder(str(given)).evidence
    has_own = (given / CHECKPOINT_NAME).exists()
    return inside if not has_own and (inside / CHECKPOINT_NAME).exists() else given


def _reading(folder: Path) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except (IsADirectoryError, NotADirectoryError) as error:
            raise FileNotFoundError(name) from error

    return read


def _forerunners(folder: Path) -> Iterator[str]:
    """The partial tiles of all sizes that were ever published and are still there."""
    for place, _, names in os.walk(folder / "tile"):
        if place.endswith(".p"):
            yield from (f"{Path(place).relative_to(folder).as_posix()}/{n}" for n in sorted(names))


def spread_over(lanes: int, progress: Progress, stack: ExitStack) -> Spread:
    pool = ThreadPoolExecutor(lanes) if lanes > 1 else None
    if pool:
        stack.callback(pool.shutdown, cancel_futures=True)

    def spread(work: Callable[[A], B], items: Iterable[A], /) -> Iterator[B]:
        for result in pool.map(work, items) if pool else map(work, items):
            progress.advance(TILE_WIDTH)
            yield result

    return spread
