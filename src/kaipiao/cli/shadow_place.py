"""Where a shadow lies: what all its commands are told."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kaipiao.app.settings import load_settings
from kaipiao.cli.language import t
from kaipiao.continuity.shadow.cell import ShadowFolder

F = TypeVar("F", bound=Callable[..., Any])


def place_options(function: F) -> F:
    """``--data`` and ``--folder``."""
    function = click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help=t("影子的目录, 默认 数据目录/shadow", "The shadow's folder. Default: DATA/shadow."),
    )(function)
    return click.option("--data", metavar="DIR", help=t("数据目录", "The cell's data folder."))(
        function
    )


def place_of(data: str | None, folder: Path | None) -> ShadowFolder:
    if folder:
        return ShadowFolder(folder.absolute())
    return ShadowFolder(Path(load_settings({"data": data}, os.environ).data) / "shadow")
