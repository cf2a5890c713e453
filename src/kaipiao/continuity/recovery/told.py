"""What engines below have done already is told as steps; what is left is a person's."""

from kaipiao.continuity.cluster.words import Sentence
from kaipiao.continuity.recovery.advice import command_for
from kaipiao.continuity.recovery.course import Course, Stage, Step
from kaipiao.continuity.recovery.finding import Finding


def vendor(finding: Finding) -> Course:
    """The seal processes do the first two by themselves; whom to believe is for a person."""
    return _told(
        finding,
        left=Sentence("是否换掉它由人决定", "whether to replace it is for a person"),
        broken=Sentence("熔断器已打开", "its breaker is open: it is asked only now and then"),
        isolated=Sentence(
            "由其他服务商签章, 开票不受影响", "other vendors seal; issuing does not wait for any"
        ),
    )


def member_disk(finding: Finding) -> Course:
    """Its own node does the first two (``cluster/guard.py``); what may go is for a person."""
    name = finding.about
    return _told(
        finding,
        left=Sentence(f"请在 {name} 上腾出空间", f"make room on {name}"),
        broken=Sentence(
            f"{name} 已交出主节点 (如曾为主)", f"{name} has handed the lead over, if it led"
        ),
        isolated=Sentence(
            f"有空间之前 {name} 不会被提升", f"{name} is not promoted until it has room"
        ),
    )


def patroni(finding: Finding) -> Course:
    """The route and the others' election do the first two; only its machine can start it."""
    name = finding.about
    return _told(
        finding,
        left=Sentence(f"须在 {name} 的机器上启动", f"it is to be started on {name}'s machine"),
        broken=Sentence(f"没有人被送到 {name} (路由)", f"nobody is led to {name} (the route)"),
        isolated=Sentence(
            "若曾为主, 其他成员已另选主节点", "if it led, the others have elected another"
        ),
    )


def _told(finding: Finding, *, left: Sentence, broken: Sentence, isolated: Sentence) -> Course:
    def step(stage: Stage, said: Sentence) -> Step:
        return Step(stage=stage, about=finding.about, zh=said.zh, en=said.en)

    return Course(
        finding=finding,
        zh=left.zh,
        en=left.en,
        command=command_for(finding),
        steps=(step("break", broken), step("isolate", isolated)),
    )
