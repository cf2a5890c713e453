"""What the commands about backups are all asked with."""

import os
from datetime import datetime
from pathlib import Path

import click

from kaipiao.cli.language import t

DATA = click.option("--data", metavar="DIR", help=t("单元的数据目录", "The cell's data folder."))
FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    metavar="DIR",
    help=t("备份目录; 默认为设置 backup_folder", "Of the backups; else the setting backup_folder."),
)
JSON = click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
FULL = click.option(
    "--full",
    is_flag=True,
    help=t("做完整备份, 不只是变化的部分", "All of it, not only what changed since the last."),
)
OTHERS = click.option(
    "--with",
    "others",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True, resolve_path=True),
    metavar="DIR",
    help=t(
        "同一单元的另一份备份目录: 补齐本份流中缺少的部分。可多次给出",
        "Another folder of backups of this cell: its stream fills the holes of this one's, and "
        "reaches further if it does. May be given several times.",
    ),
)


def folder_of(folder: Path | None, data: str | None) -> Path:
    """Where the backups are: as said here, or before the subcommand."""
    from kaipiao.app.settings import load_settings

    context = click.get_current_context()
    before = context.obj or (None, None)
    said = folder or before[0] or load_settings({"data": data}, os.environ).backup_folder
    if not said:
        raise click.UsageError(
            t(
                "请给出备份目录: --folder 目录 (或设置 backup_folder)",
                "name the folder of the backups: --folder DIR (or set backup_folder)",
            )
        )
    return Path(said)


def moment(text: str | None) -> datetime | None:
    """An instant as people write it; without a zone it is Beijing's."""
    if text is None:
        return None
    from kaipiao.fiscal.month import BEIJING

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            t(
                f"时间写作 2026-11-25T20:00:00 (北京时间) 或 2026-11-25T12:00:00Z, 而非 {text}",
                "a moment is written 2026-11-25T20:00:00 (Beijing) or 2026-11-25T12:00:00Z, "
                f"not {text}",
            )
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)
