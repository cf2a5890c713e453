"""``kaipiao shadow cut-over`` and ``back``: who issues, and who is the shadow."""

import asyncio
import os
from pathlib import Path

import click

from kaipiao.app.settings import load_settings
from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.shadow_place import place_of, place_options
from kaipiao.cli.terminal import say, warn


@click.command(
    "cut-over",
    help=t(
        """由影子的版本开票, 不停机、不丢票; 原版本成为影子, 双轨继续, 角色互换。

        先看比对结果 (60 秒内有比对, 至少 100 张, 至多 100 张等待, 没有不一致), 再由 kaipiao release
        逐个替换进程, 然后证明: 两个版本由账本重算的根都与已签名的相同, 且延续切换前的根。
        发布随之打开: 确认无误后 kaipiao release finish。影子是另一个单元 (--at) 时拒绝。
        可随时中断: 再次执行会接着做, 或 kaipiao shadow back 回去。

        
        例:  kaipiao shadow cut-over
             kaipiao shadow cut-over --despite "新税率, 已逐张核对"

        退出码: 0 由它开票 (或本来就是), 1 被拒绝, 3 单元没有应答。
        """,
        """Let the shadow's version issue, without a pause and without losing any; who issued until
        now becomes the shadow, and the double run goes on with the roles turned.

        First what was compared is looked at (something in the last 60 seconds, 100 at least, at
        most 100 waiting, nothing apart), then kaipiao release puts process for process in place,
        and then it is proved: both versions make the signed root again from the ledger, and it
        extends the root before.  A release is open then: kaipiao release finish, when you are
        sure.  Refused if the shadow is another cell (--at).  Interrupted, it goes on when typed
        again; or kaipiao shadow back goes back.

        
        Examples:  kaipiao shadow cut-over
                   kaipiao shadow cut-over --despite "a new rate; each was looked at"

        Exits 0 if it issues (or did already), 1 if refused, 3 if the cell did not answer.
        """,
    ),
)
@place_options
@click.option(
    "--despite",
    metavar="REASON",
    default="",
    help=t("不符合仍要切换的理由 (记入审计)", "Why, although the gate says no (audited)."),
)
def cut_over(data: str | None, folder: Path | None, despite: str) -> None:
    _turn(data, folder, despite, is_back=False)


@click.command(
    "back",
    help=t(
        """回到切换前的版本开票, 不停机、不丢票; 新版本又成为影子。

        不看比对结果: 这是出路。证明与 cut-over 相同。kaipiao release finish 之后不能回去。

        
        例:  kaipiao shadow back

        退出码: 0 已回去 (或没有可回去的), 1 被拒绝, 3 单元没有应答。
        """,
        """Let who issued before the cut-over issue again, without a pause and without losing any;
        the newer version is the shadow again.

        What was compared is not asked: this is the way out.  It is proved as a cut-over is.  After
        kaipiao release finish there is no way back.

        
        Example:  kaipiao shadow back

        Exits 0 once back (or there was nothing to go back from), 1 if refused, 3 if the cell did
        not answer.
        """,
    ),
)
@place_options
def back(data: str | None, folder: Path | None) -> None:
    _turn(data, folder, "", is_back=True)


def _turn(data: str | None, folder: Path | None, despite: str, *, is_back: bool) -> None:
    from kaipiao.app.shadow_turn import Turning
    from kaipiao.continuity.release.current import ReleaseRefused
    from kaipiao.continuity.shadow.turn import TurnRefused

    settings = load_settings({"data": data}, os.environ)
    turning = Turning(settings, place_of(data, folder), lambda words: say(t(*words)))
    try:
        asyncio.run(turning.back() if is_back else turning.cut_over(despite))
    except (TurnRefused, ReleaseRefused) as no:
        warn(t(no.zh, no.en))
        raise click.exceptions.Exit(exits.NO) from None
