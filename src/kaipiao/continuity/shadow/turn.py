"""Who issues, who is the shadow, and what a turn has left to do.

Two files say it: the release room's (who issues, and who did before) and the plan's (who is the
shadow).  A turn changes first the one and then the other, so a crash leaves one of four states, and
each of them says what is to be done: there is no third file that could be wrong.

    issues  shadow  a release is open
    A       B       no                 nothing has begun, or ``back`` is done
    B       B       yes                ``cut-over`` stopped half-way: go on with it, or back
    B       A       yes                ``cut-over`` is done
    A       A       no                 ``back`` stopped half-way: go on with it
"""

from enum import Enum

from kaipiao.continuity.release.current import Current
from kaipiao.continuity.shadow.plan import Plan, Version


class Stand(Enum):
    BESIDE = "beside"
    CUT_HALF = "cut-half"
    CUT_OVER = "cut-over"
    BACK_HALF = "back-half"


class TurnRefused(Exception):
    """Not done, or not to its end; every reason, with what to do."""

    def __init__(self, *reasons: tuple[str, str]) -> None:
        super().__init__("; ".join(en for _, en in reasons))
        self.zh = "\n".join(zh for zh, _ in reasons)
        self.en = "\n".join(en for _, en in reasons)


def shadow_of(plan: Plan | None) -> Version:
    """The version that a turn can be about.  Raises TurnRefused: there is none that can issue."""
    if plan is None:
        raise TurnRefused(
            ("这里没有影子: kaipiao shadow start", "there is no shadow here: kaipiao shadow start")
        )
    if plan.elsewhere is not None or plan.version is None:
        raise TurnRefused(_own_ledger(plan))
    if not plan.version.python:
        raise TurnRefused(
            (
                f"不知道 {plan.version} 属于哪个环境; 请以该环境的 bin/python 启动影子: "
                "kaipiao shadow start --program .../bin/python",
                f"no environment is known of {plan.version}; start the shadow by its environment's "
                "bin/python: kaipiao shadow start --program .../bin/python",
            )
        )
    return plan.version


def stand_of(plan: Plan, current: Current) -> Stand:
    """How far a turn is.  Raises TurnRefused: another release is under way."""
    shadow = shadow_of(plan).python
    issues, before = current.program.python, current.before.python if current.before else ""
    if current.state == "finishing" or (before and shadow not in (issues, before)):
        raise TurnRefused(
            (
                f"{current.program} 的发布尚未完成; 请先 kaipiao release finish 或 rollback",
                f"the release of {current.program} is not finished; first type kaipiao release "
                "finish, or rollback",
            )
        )
    if before:
        return Stand.CUT_HALF if shadow == issues else Stand.CUT_OVER
    return Stand.BACK_HALF if shadow == issues else Stand.BESIDE


def nothing_proved(reason: tuple[str, str]) -> TurnRefused:
    """The new side issues already, and something is not as it must be."""
    zh, en = reason
    return TurnRefused(
        (
            f"{zh}。已切换, 但未能证明; 重做此命令, 或用 kaipiao shadow back 回去",
            f"{en}.  It is turned, and not proved: do the same again, or kaipiao shadow back",
        )
    )


def same_version(current: Current) -> TurnRefused:
    """Of a shadow that is what issues, and never was anything else."""
    return TurnRefused(
        (
            f"影子就是正在开票的 {current.program}, 没有可切换的版本; "
            "请用 kaipiao shadow start --program 给出另一个",
            f"the shadow is {current.program}, which issues already; name another one with "
            "kaipiao shadow start --program",
        )
    )


def _own_ledger(plan: Plan) -> tuple[str, str]:
    return (
        f"影子 {plan.shadow} 是另一个单元, 有自己的账本: 其中没有已交付的号码、额度和存证日志, "
        "由它开票会出现重号和断号。请把它的版本装到本机, "
        "以 kaipiao shadow start --program 比对后切换; 要换机器, "
        "请把那台机器加为成员或从备份恢复 (kaipiao restore)",
        f"the shadow {plan.shadow} is another cell with a ledger of its own: the numbers that were "
        "handed out, the credit and the log are not in it, and it would give numbers twice. "
        "Install its version on this machine, compare it by kaipiao shadow start --program and cut "
        "over to that; to change machines, add that one as a member or restore a backup there "
        "(kaipiao restore)",
    )
