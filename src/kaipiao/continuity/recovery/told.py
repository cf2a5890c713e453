"""What engines below have done already is told as steps; what is left is a person's."""

from kaipiao.continuity.recovery.advice import command_for
from kaipiao.continuity.recovery.course import Course, Step
from kaipiao.continuity.recovery.finding import Finding


def vendor(finding: Finding) -> Course:
    """The seal processes do the first two by themselves; whom to believe is for a person."""
    name = finding.about
    return Course(
        finding=finding,
        zh="是否换掉它由人决定",
        en="whether to replace it is for a person",
        command=command_for(finding),
        steps=(
            Step(
                stage="break",
                about=name,
                zh="熔断器已打开",
                en="its breaker is open: it is asked only now and then",
            ),
            Step(
                stage="isolate",
                about=name,
                zh="由其他服务商签章, 开票不受影响",
                en="other vendors seal; issuing does not wait for any",
            ),
        ),
    )


def member_disk(finding: Finding) -> Course:
    """Its own node does the first two (``cluster/guard.py``); what may go is for a person."""
    name = finding.about
    return Course(
        finding=finding,
        zh=f"请在 {name} 上腾出空间",
        en=f"make room on {name}",
        command=command_for(finding),
        steps=(
            Step(
                stage="break",
                about=name,
                zh=f"{name} 已交出主节点 (如曾为主)",
                en=f"{name} has handed the lead over, if it led",
            ),
            Step(
                stage="isolate",
                about=name,
                zh=f"有空间之前 {name} 不会被提升",
                en=f"{name} is not promoted until it has room",
            ),
        ),
    )


def patroni(finding: Finding) -> Course:
    """The route and the others' election do the first two; only its machine can start it."""
    name = finding.about
    return Course(
        finding=finding,
        zh=f"须在 {name} 的机器上启动",
        en=f"it is to be started on {name}'s machine",
        command=command_for(finding),
        steps=(
            Step(
                stage="break",
                about=name,
                zh=f"没有人被送到 {name} (路由)",
                en=f"nobody is led to {name} (the route)",
            ),
            Step(
                stage="isolate",
                about=name,
                zh="若曾为主, 其他成员已另选主节点",
                en="if it led, the others have elected another",
            ),
        ),
    )
