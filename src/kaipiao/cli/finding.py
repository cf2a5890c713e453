"""What ``kaipiao doctor`` says about one thing that it looked at."""

from pathlib import Path
from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing looked at.  An ``error`` keeps a cell from running."""

    what: str
    level: Literal["ok", "warning", "error"]
    zh: str
    en: str
    advice_zh: str = ""
    advice_en: str = ""
    is_running: bool = False  # only of a cell


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())
