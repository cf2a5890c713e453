"""``kaipiao backup status``: how old each copy is, and what is in its way."""

from typing import Any

import click

from kaipiao.cli import exits
from kaipiao.cli.backup_options import JSON, Where, of_a_cell
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json


@click.command(
    "status",
    help=t(
        """自动备份的状况, 每个目录一行 (第二个目录在异地): 最新备份多久以前, 副本落后多久,
        有何问题。

        副本落后多久: 若此刻只剩这份副本, 会丢失多少秒。同样的数字在 /v1/status 的 backups 中。

        退出码: 0 每个目录都正常, 1 有一个不正常, 或没有设置自动备份。
        """,
        """How the backups that the cell takes by itself stand, a line a folder (the second one is
        far away): how old the newest is, how old the copy is, and what is in the way.

        The copy's age is what would be lost now, in seconds, if it were all that is left.  The
        same figures stand in /v1/status under backups.

        Exits 0 if every folder is well, 1 if one is not, or none is set.
        """,
    ),
)
@of_a_cell
@JSON
@click.pass_context
def status(context: click.Context, where: Where, as_json: bool) -> None:
    from kaipiao.app.backup_status import read_standing

    standing = read_standing(where.settings())
    for one in standing:
        if as_json:
            say_json(one)
        else:
            say(_in_words(one))
    if not standing and not as_json:
        say(
            t(
                "没有设置自动备份: 请设置 backup_folder。",
                "The cell does not back itself up: set backup_folder.",
            )
        )
    is_well = bool(standing) and all(one.is_well for one in standing)
    context.exit(exits.OK if is_well else exits.NO)


def _in_words(one: Any) -> str:
    place = t("异地", "far away") if one.place == "second" else t("本地", "first")
    well = t("正常", "well") if one.is_well else t("不正常", "NOT WELL")
    newest = t("没有备份", "no backup yet")
    if one.newest_age_s is not None:
        hours = one.newest_age_s / 3_600
        newest = t(f"最新备份 {hours:.1f} 小时前", f"newest backup {hours:.1f} h ago")
    copy = t("没有流", "no stream")
    if one.copy_age_s is not None:
        copy = t(f"副本落后 {one.copy_age_s:.0f} 秒", f"the copy is {one.copy_age_s:.0f} s old")
    return "; ".join(filter(None, (f"{well}  {one.folder} ({place}): {newest}", copy, one.trouble)))
