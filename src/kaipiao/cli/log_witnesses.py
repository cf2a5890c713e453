"""``kaipiao log witnesses``: who cosigns this cell's log, and how they answered last."""

from datetime import UTC, datetime

import click
import msgspec

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.reach import anyone
from kaipiao.cli.terminal import printable, say, say_json, say_table
from kaipiao.evidence.cosigning.memory import Trouble, WitnessStanding


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/v1/status`` says of it."""

    witnessed_size: int | None = None
    witnessed_age_s: float | None = None
    stamped_size: int | None = None
    stamped_age_s: float | None = None
    trouble: Trouble | None = None
    stamp_trouble: str = ""
    witnesses: tuple[WitnessStanding, ...] = ()


class Status(msgspec.Struct, frozen=True, kw_only=True):
    log_size: int | None = None
    witnessed: Witnessed | None = None


@click.command(
    "witnesses",
    help=t(
        """谁在见证本单元的日志, 上次应答如何; 最新的见证检查点和时间戳有多旧。

        退出码: 0 已有见证检查点且无阻碍, 1 没有见证策略、尚未见证或签名受阻。
        """,
        """Who cosigns this cell's log and how they answered last; how old the newest witnessed
        checkpoint and time stamp are.

        Exits 0 if there is a witnessed checkpoint and nothing is in the way, 1 if there is no
        policy, nothing witnessed yet, or nothing may be signed.
        """,
    ),
)
@click.option(
    "--url", envvar="KAIPIAO_URL", metavar="URL", help=t("单元地址", "Address of the cell.")
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@click.pass_context
def witnesses(context: click.Context, url: str | None, as_json: bool) -> None:
    with anyone(url) as client:
        status = msgspec.convert(client.status(), Status)
    found = status.witnessed
    if as_json:
        say_json(found)
    elif found is None:
        say(
            t(
                "本单元没有见证策略: 回执等级为 E1。如何设置见 docs/how-to/witnesses.md。",
                "This cell has no witness policy: its receipts are E1. docs/how-to/witnesses.md "
                "says how to have one.",
            )
        )
    else:
        _tell(found, status.log_size)
    is_well = found is not None and found.witnessed_size is not None and not found.trouble
    context.exit(exits.OK if is_well else exits.NO)


def _tell(found: Witnessed, log_size: int | None) -> None:
    own = "-" if log_size is None else f"{log_size:,}"
    say(t(f"已签名:   {own} 项", f"Signed:    {own} entries"))
    said = _size_and_age(found.witnessed_size, found.witnessed_age_s)
    say(t(f"已见证:   {said}", f"Witnessed: {said}"))
    said = _size_and_age(found.stamped_size, found.stamped_age_s)
    say(t(f"已盖时戳: {said}", f"Stamped:   {said}"))
    if found.trouble:
        zh, en = printable(found.trouble.zh), printable(found.trouble.en)
        say(t(f"未签名, 因为: {zh}", f"Nothing is signed, because: {en}"))
    if found.stamp_trouble:
        why = printable(found.stamp_trouble)
        say(t(f"未盖时间戳, 因为: {why}", f"Nothing is stamped, because: {why}"))
    head = (t("见证方", "WITNESS"), t("应答", "ANSWER"), t("见证到", "SIZE"), t("询问于", "ASKED"))
    rows = [_row(standing) for standing in found.witnesses]
    say_table([(*head, t("原因", "WHY")), *rows], right=(2,))


def _row(standing: WitnessStanding) -> tuple[str, ...]:
    return (
        printable(standing.name),
        t(standing.mood.zh, standing.mood.en),
        "-" if standing.size is None else f"{standing.size:,}",
        _when(standing.asked_at),
        printable(standing.why),
    )


def _size_and_age(size: int | None, age_s: float | None) -> str:
    if size is None or age_s is None:
        return t("尚无", "not yet")
    return t(f"{size:,} 项, {age_s:.0f} 秒前", f"{size:,} entries, {age_s:.0f} s ago")


def _when(seconds: int | None) -> str:
    return "-" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"
