"""How a command finds its cell: the address and the API key, never the key's own text.

``--url`` and ``--key-file``, then ``KAIPIAO_URL`` and ``KAIPIAO_KEY_FILE``, then the cell that
runs in this machine's data folder (``KAIPIAO_DATA`` or the default one).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kaipiao.app.folder import CellFolder, Running, read_running
from kaipiao.app.settings import default_data_folder
from kaipiao.cli.language import t
from kaipiao.client.client import Client
from kaipiao.client.retry import Budget

F = TypeVar("F", bound=Callable[..., Any])


def cell_options(function: F) -> F:
    """``--url`` and ``--key-file``."""
    function = click.option(
        "--key-file",
        envvar="KAIPIAO_KEY_FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help=t(
            "存有 API 密钥的文件 (KAIPIAO_KEY_FILE)", "File with the API key (KAIPIAO_KEY_FILE)."
        ),
    )(function)
    return click.option(
        "--url",
        envvar="KAIPIAO_URL",
        metavar="URL",
        help=t("单元地址 (KAIPIAO_URL)", "Address of the cell (KAIPIAO_URL)."),
    )(function)


WHILE_SOMEONE_WAITS = Budget(within_s=8.0)
"""A cell that restarts is back sooner; one that is not there should be told of soon."""


def cell(url: str | None, key_file: Path | None, *, budget: Budget | None = None) -> Client:
    """A client of the cell, with its key."""
    running = None if url and key_file else local_cell()
    url = url or (running.url if running else None)
    key_file = key_file or (Path(running.key_file) if running else None)
    if url is None or key_file is None:
        raise click.UsageError(
            t(
                "找不到单元: 请用 --url 和 --key-file 指明, 或在本机启动: kaipiao up",
                "No cell was found: give --url and --key-file, or start one here: kaipiao up",
            )
        )
    return Client(url, read_key(key_file), budget=budget or WHILE_SOMEONE_WAITS)


def anyone(url: str | None) -> Client:
    """A client without a key, for what anyone may ask."""
    running = None if url else local_cell()
    if url is None and running is None:
        raise click.UsageError(
            t(
                "找不到单元: 请用 --url 指明, 或在本机启动: kaipiao up",
                "No cell was found: give --url, or start one here: kaipiao up",
            )
        )
    return Client(url or (running.url if running else ""), budget=WHILE_SOMEONE_WAITS)


def read_key(path: Path) -> str:
    key = path.read_text(encoding="utf-8").strip()
    if not (key.isascii() and key and not any(char.isspace() for char in key)):
        raise click.UsageError(
            t(f"{path} 中没有 API 密钥", f"{path} does not hold an API key and nothing else")
        )
    return key


def local_folder() -> CellFolder:
    return CellFolder(os.environ.get("KAIPIAO_DATA") or default_data_folder(os.environ))


def local_cell() -> Running | None:
    return read_running(local_folder())


def local_log_key() -> str | None:
    """The public key of the log of this machine's cell, running or not."""
    from kaipiao.evidence.keys import VKEY_NAME

    try:
        return (local_folder().secrets / VKEY_NAME).read_text(encoding="utf-8").strip()
    except OSError:
        return None
