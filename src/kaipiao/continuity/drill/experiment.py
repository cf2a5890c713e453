"""What may be broken: every drill as data.  The acts are the stage's, the words are ours.

The words are Chaos Toolkit's: steady state, method, rollback, journal.  A limit is the number of
seconds that writes may stop; where the counting begins is marked in the steps.
"""

from typing import Literal, NamedTuple

Target = Literal["primary", "standby", "dcs-leader", "all", "cell"]

PROCESS_S = 5.0
NODE_S = 10.0
SWITCH_S = 5.0
ALL_BACK_S = 30.0
HOUR_S = 3_600
LASTS_S = NODE_S + 1.0
"""So long a fault is left: putting it back must not look like a recovery in time."""


class Step(NamedTuple):
    """One act at one target; then ``hold_s`` seconds as it is, under load.

    ``counts``: the seconds until writes succeed are counted from here.  The act "wait" waits
    until the stage is steady.
    """

    act: str
    target: Target
    zh: str
    en: str
    hold_s: float = 0.0
    counts: bool = False


class Experiment(NamedTuple):
    name: str
    zh: str
    en: str
    limit_s: float
    steps: tuple[Step, ...]
    on: Literal["members", "cell", "both"] = "members"
    clock_s: int = 0  # by so much a clock is stepped, and back again


def _one(act: str, target: Target, zh: str, en: str, hold_s: float) -> tuple[Step, ...]:
    return (Step(act, target, zh, en, hold_s, counts=True),)


_RESTART = Step("restart-node", "standby", "重启一个备用成员", "restart a standby", 2.0)
_STEADY = Step("wait", "all", "等待恢复稳态", "wait until it is steady again")

EXPERIMENTS = (
    Experiment(
        "kill-postgres",
        "主库进程被 kill -9",
        "kill -9 of the primary's PostgreSQL",
        PROCESS_S,
        _one("kill-postgres", "primary", "kill -9 主库的 PostgreSQL", "kill -9 PostgreSQL", 6.0),
        on="both",
    ),
    Experiment(
        "kill-patroni",
        "主成员的 Patroni 被 kill -9",
        "kill -9 of the primary's Patroni",
        PROCESS_S,
        _one("kill-patroni", "primary", "kill -9 主成员的 Patroni", "kill -9 Patroni", 6.0),
    ),
    Experiment(
        "kill-node",
        "主成员整机消失, 之后回来",
        "the primary's machine is gone, and comes back",
        NODE_S,
        _one(
            "kill-node", "primary", "主成员的全部进程被 kill -9", "kill -9 of everything", LASTS_S
        ),
    ),
    Experiment(
        "cut-node",
        "主成员与所有人断网",
        "the primary is cut off from everyone",
        NODE_S,
        _one("cut", "primary", "断开主成员的网络", "cut the primary off", LASTS_S),
    ),
    Experiment(
        "cut-leader-of-dcs",
        "选举存储 (DCS) 的领导者断网",
        "the leader of the election store (DCS) is cut off",
        NODE_S,
        _one("cut", "dcs-leader", "断开 DCS 领导者的网络", "cut the DCS leader off", LASTS_S),
    ),
    Experiment(
        "slow-disk",
        "主库的磁盘变慢",
        "the primary's disk becomes slow",
        NODE_S,
        _one("slow-disk", "primary", "放慢主库的磁盘", "slow the primary's disk down", LASTS_S),
    ),
    Experiment(
        "full-disk",
        "主库的磁盘写满",
        "the primary's disk is full",
        NODE_S,
        _one("full-disk", "primary", "写满主库的磁盘", "fill the primary's disk", LASTS_S),
    ),
    Experiment(
        "one-way-partition",
        "单向断网: 主成员发给其他成员的包丢失",
        "a one-way partition: what the primary sends the others is lost",
        NODE_S,
        _one(
            "cut-one-way", "primary", "主成员发出的包丢失", "drop what the primary sends", LASTS_S
        ),
    ),
    Experiment(
        "rolling-restart",
        "逐个重启三个成员, 主成员最后",
        "each member is restarted, the primary last",
        NODE_S,
        (
            _RESTART._replace(counts=True),
            _STEADY,
            _RESTART,
            _STEADY,
            Step("switchover", "primary", "计划切换", "switch over", 3.0),
            _STEADY,
            _RESTART,
            _STEADY,
        ),
    ),
    Experiment(
        "switchover",
        "计划切换",
        "a planned switchover",
        SWITCH_S,
        _one("switchover", "primary", "切换到备库", "switch over to a standby", 3.0),
    ),
    Experiment(
        "all-three-nodes",
        "三个成员同时断电, 之后都回来",
        "all three machines at once, and all come back",
        ALL_BACK_S,
        (
            Step("kill-node", "all", "全部成员 kill -9", "kill -9 of every member", 3.0),
            Step("start-node", "all", "全部成员重新启动", "start every member", 5.0, counts=True),
        ),
    ),
    Experiment(
        "rebuild-member",
        "备用成员的数据损坏, 由 recover 重建",
        "a standby's data is damaged, and recover rebuilds it",
        NODE_S,
        (
            Step("damage-data", "standby", "损坏备库的数据", "damage its data", 3.0, counts=True),
            Step("recover", "all", "执行 kaipiao recover", "kaipiao recover"),
            _STEADY,
        ),
    ),
    Experiment(
        "clock-ahead",
        "主成员的时钟向前跳一小时, 之后跳回",
        "the primary's clock jumps an hour ahead, and back later",
        NODE_S,
        _one("clock-ahead", "primary", "时钟向前跳 1 小时", "an hour ahead", 6.0),
        clock_s=HOUR_S,
    ),
    Experiment(
        "clock-back",
        "主成员的时钟向后跳一小时, 之后跳回",
        "the primary's clock jumps an hour back, and ahead later",
        NODE_S,
        _one("clock-back", "primary", "时钟向后跳 1 小时", "an hour back", 6.0),
        clock_s=-HOUR_S,
    ),
    Experiment(
        "kill-cell",
        "本机单元的全部进程被 kill -9, 再启动",
        "kill -9 of every process of a cell on one machine; then it is started",
        ALL_BACK_S,
        (
            Step("kill-cell", "cell", "kill -9 全部进程", "kill -9 of every process", 1.0),
            Step("start-cell", "cell", "重新启动", "start it again", 4.0, counts=True),
        ),
        on="cell",
    ),
)
BY_NAME = {one.name: one for one in EXPERIMENTS}
