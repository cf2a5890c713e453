"""What the commands about backups are all asked with: which cell, and which folder."""

import os
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from kaipiao.cli.language import t

if TYPE_CHECKING:
    from kaipiao.app.settings import Settings

DATA = click.option("--data", metavar="DIR", help=t("单元的数据目录", "The cell's data folder."))
FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    metavar="DIR",
    help=t("备份目录; 默认为设置 backup_folder", "Of the backups; else the setting backup_folder."),
)
CLUSTER = click.option(
    "--cluster",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, resolve_path=True),
    metavar="FILE",
    help=t(
        "集群的描述文件: 操作本机上的成员",
        "Of a cluster: its description; the member here is meant.",
    ),
)
MEMBER = click.option(
    "--member",
    metavar="NAME",
    help=t(
        "集群的哪个成员; 默认为负责备份的那个",
        "Which member of the cluster; else the one that keeps its backups.",
    ),
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


class Where(NamedTuple):
    """Which cell is meant, and where its backups are, as far as that was said."""

    folder: Path | None = None
    data: str | None = None
    cluster: Path | None = None
    member: str | None = None

    def settings(self) -> "Settings":
        """Of the cell; of a cluster's member if one is named: in a lab, in the member's place."""
        from kaipiao.app.settings import load_settings

        if self.cluster:
            return settings_of_member(self.cluster, self.member)
        return load_settings({"data": self.data}, os.environ)

    def shelf(self, settings: "Settings") -> Path:
        """The folder of the backups: as it was said, or as it is set."""
        if said := self.folder or settings.backup_folder:
            return Path(said)
        raise click.UsageError(
            t(
                "请给出备份目录: --folder 目录 (或设置 backup_folder)",
                "name the folder of the backups: --folder DIR (or set backup_folder)",
            )
        )


def settings_of_member(file: Path, name: str | None) -> "Settings":
    """What ``kaipiao node up`` gives the cell of this member, or of the one that keeps backups."""
    from kaipiao.app.node import cell_environment, check_settings
    from kaipiao.continuity.cluster.description import read_description
    from kaipiao.continuity.cluster.slots import keeper_of
    from kaipiao.continuity.lab.lab import Lab, enter
    from kaipiao.continuity.lab.made import read_made

    description = read_description(file)
    member = description.member(name) if name else keeper_of(description)
    if read_made(description.folder) is not None:
        enter(Lab(description), place=member.name)
    return check_settings(cell_environment(description, member, os.environ))


Handler = Callable[..., None]


def of_a_cell(handler: Handler) -> Handler:
    """Gives ``where`` to a command; what is not said behind it may be said before it."""

    @FOLDER
    @DATA
    @CLUSTER
    @MEMBER
    @wraps(handler)
    def asked(
        *args: Any,
        folder: Path | None,
        data: str | None,
        cluster: Path | None,
        member: str | None,
        **options: Any,
    ) -> None:
        before = click.get_current_context().obj or Where()
        where = Where(
            folder=folder or before.folder,
            data=data or before.data,
            cluster=cluster or before.cluster,
            member=member or before.member,
        )
        handler(*args, where=where, **options)

    return asked


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
