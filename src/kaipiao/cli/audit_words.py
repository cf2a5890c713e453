"""Audit events as people read them."""

from kaipiao.cli.language import t
from kaipiao.cli.terminal import printable
from kaipiao.evidence.trail import EventVerdict
from kaipiao.fiscal.audit import ACTIONS, Actor, AuditEvent
from kaipiao.fiscal.month import BEIJING

_STAGES = {
    "asked": ("要求执行", "asked for"),
    "done": ("已完成", "done"),
    "failed": ("被规则拒绝", "failed"),
    "unknown": ("结果未知", "outcome unknown"),
    "noted": ("已执行", "done"),
    "denied": ("无权, 已拒绝", "denied"),
}


def shown_row(event: AuditEvent) -> tuple[str, ...]:
    outcome = t(*_STAGES[event.stage]) + (f" ×{event.count}" if event.count > 1 else "")
    return (
        f"{event.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        who(event.actor),
        t(*ACTIONS.get(event.action, (event.action,) * 2)),
        printable(event.object),
        outcome,
        event.event_id,
    )


def who(actor: Actor) -> str:
    if actor.kind == "key":
        return printable(f"{actor.name} ({actor.tenant}, {actor.id})")
    if actor.kind == "operator":
        return printable(f"{actor.name} (uid {actor.id})")
    if actor.kind == "cell":
        return t("本单元", "the cell")
    return t("未知身份", "nobody known")


def sentence(event: AuditEvent, index: int) -> str:
    """All of an event, a line a fact."""
    at, by, what, to, outcome, event_id = shown_row(event)
    lines = [
        (t("编号", "id"), event_id),
        (t("位置", "place"), str(index)),
        (t("时间", "when"), f"{at} ({t('北京时间', 'Beijing')})"),
        (t("谁", "who"), by),
        (t("做了什么", "what"), f"{what} ({event.action})"),
        (t("对象", "to what"), to),
        (t("决定", "decision"), f"{t(*_DECISIONS[event.decision])}: {printable(event.rule)}"),
        (t("结果", "outcome"), outcome),
        (t("此前", "about"), event.about),
        (t("请求", "request"), printable(event.request_id)),
        (t("来自", "from"), printable(event.client)),
        *((name, printable(value)) for name, value in event.facts.items()),
    ]
    return "\n".join(f"{name}: {value}" for name, value in lines if value)


_DECISIONS = {"allowed": ("允许, 凭", "allowed by"), "denied": ("拒绝, 缺少", "denied for want of")}


def verdict_sentence(verdict: EventVerdict) -> str:
    if verdict.is_genuine and verdict.event is not None and verdict.index is not None:
        head = t("真实: 该事件在已签名的审计日志中。", "Genuine: the event is in the signed log.")
        return f"{head}\n{sentence(verdict.event, verdict.index)}"
    return "\n".join(t(f"不真实: {why}", f"NOT genuine: {why}") for why in verdict.faults)
