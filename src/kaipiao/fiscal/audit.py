"""Audit events (审计事件): who did what, what was decided, and how it ended.

An event is one small value with one spelling: its canonical bytes.  The second, public log learns
nothing of it but a leaf of 32 bytes:

    SHA-256 ( "kaipiao/audit/v1\\0" · salt (16) · SHA-256 of the canonical event (32) )

Whoever holds the event and its salt can make the leaf again; whoever holds only the leaf can
confirm no guess.  When the days for which events are kept are over, event and salt are destroyed
and the leaf stays.

An act has two events: ``asked``, durable before anything is done, and its outcome, whose ``about``
names the first.  What is over in one step (a reading, a refusal) has one.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from kaipiao.base.canonical import canonical, digest
from kaipiao.fiscal.leaf import SALT_BYTES, Leaf

Decision = Literal["allowed", "denied"]
Stage = Literal["asked", "done", "failed", "unknown", "noted", "denied"]
"""``unknown``: nobody heard how it ended: look at the object.  ``noted``: over in one step."""

ActorKind = Literal["key", "operator", "cell", "stranger"]
"""An API key; whoever runs commands on the cell's machine; the cell by itself; nobody we know."""

FACTS_MAX = 10
TEXT_BYTES_MAX = 150
NAME_BYTES_MAX = 300
EVENT_BYTES_MAX = 2_900
"""So that an event and its salt fit into a receipt (C2SP tlog-proof's ``extra``)."""

ACTIONS: Mapping[str, tuple[str, str]] = {
    "key.create": ("新建 API 密钥", "an API key was made"),
    "key.revoke": ("撤销 API 密钥", "an API key was revoked"),
    "credit.grant": ("授予额度", "a monthly credit line was granted"),
    "credit.adjust": ("调整当月额度", "one month's credit line was adjusted"),
    "webhook.create": ("新建 webhook", "a webhook was added"),
    "webhook.rotate": ("更换 webhook 密钥", "a webhook's secret was rotated"),
    "webhook.enable": ("恢复 webhook", "a webhook was enabled again"),
    "webhook.test": ("测试 webhook", "a test was sent to a webhook"),
    "webhook.replay": ("重发 webhook", "what a webhook was told is sent again"),
    "webhook.end": ("删除 webhook", "a webhook was ended"),
    "mail_rule.create": ("新建邮件规则", "a mail rule was added"),
    "mail_rule.replay": ("重发邮件", "what a mail rule sent is sent again"),
    "mail_rule.end": ("删除邮件规则", "a mail rule was ended"),
    "delivery.mail": ("发送一张发票的邮件", "an invoice was mailed"),
    "delivery.replay": ("重发一次递送", "a delivery is sent again"),
    "link.create": ("新建下载链接", "a download link was made"),
    "link.revoke": ("撤销下载链接", "a download link was revoked"),
    "export.take": ("导出发票清单", "a list of invoices was exported"),
    "bundle.take": ("打包下载版式文件", "a month's documents were taken"),
    "confirmation.open": ("填开红字确认单", "a confirmation form was opened"),
    "confirmation.confirm": ("确认红字确认单", "a confirmation form was agreed to"),
    "confirmation.deny": ("否认红字确认单", "a confirmation form was refused"),
    "confirmation.withdraw": ("撤销红字确认单", "a confirmation form was withdrawn"),
    "confirmation.flag": ("标记异常红字确认单", "a confirmation form was voided as irregular"),
    "use.note": ("登记用途确认或入账", "a buyer's use of an invoice was noted"),
    "invoice.reverse": ("冲红", "an invoice was reversed"),
    "import.start": ("开始导入", "an import was started"),
    "import.cancel": ("取消导入", "an import was cancelled"),
    "import.take": ("下载导入结果", "an import's result was taken"),
    "audit.read": ("查看审计日志", "the audit log was read"),
    "audit.receipt": ("取审计事件回执", "an audit event's receipt was taken"),
    "audit.forget": ("清除到期的审计内容", "audit events past their days were forgotten"),
    "access.denied": ("拒绝访问", "a permission was refused"),
    "cell.start": ("单元启动时的设置", "settings in force when the cell was started"),
    "archive.run": ("归档旧发票", "old invoices were moved to files"),
    "vendor.distrust": ("不再信任签章服务商", "a seal vendor is believed no more"),
    "vendor.trust": ("重新信任签章服务商", "a seal vendor is believed again"),
    "invoice.erase": ("依法删除发票内容", "an invoice's content was erased"),
    "backup.take": ("备份单元", "a backup of the cell was taken"),
    "backup.prune": ("清理旧备份", "old backups were removed"),
    "log.close": ("关闭日志, 另起新日志", "the log was closed and another begun"),
    "cell.restore": ("从备份恢复单元", "the cell was restored from a backup"),
    "cluster.switchover": ("计划切换主节点", "the primary was switched over"),
    "cluster.pause": ("暂停自动切换", "failover was paused"),
    "cluster.resume": ("恢复自动切换", "failover was resumed"),
    "cluster.settings": ("更改集群共同设置", "the cluster's shared settings were changed"),
    "cluster.reinit": ("重建备节点", "a standby was made anew"),
    "cell.recover": ("修复故障", "something broken was put right"),
    "log_key.rotate": ("更换日志密钥", "the log's key was rotated"),
    "release.apply": ("发布新程序", "a new program was put in place"),
    "release.rollback": ("回退到原程序", "the former program was put back"),
    "release.close": ("关闭回退之路", "the way back of a release was closed"),
    "release.finish": ("完成发布, 不再可回退", "a release was finished: no way back"),
    "shadow.cut_over": ("由影子版本开票", "the shadow's version was made the one that issues"),
    "shadow.back": ("回到切换前的版本开票", "who issued before the cut-over issues again"),
    "shadow.mirror": ("向影子复制请求的份额", "the share of requests copied to the shadow was set"),
}
"""Every action, in Chinese and English.  A code is never given a second meaning."""

_PREFIX = b"kaipiao/audit/v1\0"


class Actor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    kind: ActorKind
    id: str  # of a key; of an operator, the user id; of a stranger, empty
    tenant: str = ""
    name: str = ""


CELL = Actor(kind="cell", id="cell")


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    event_id: str  # 32 hex digits
    at: datetime  # UTC
    actor: Actor
    action: str  # one of ACTIONS
    object: str  # what it was done to
    decision: Decision
    rule: str  # the right that decided: what the actor needed
    stage: Stage
    about: str = ""  # of an outcome: the event that asked
    request_id: str = ""
    client: str = ""  # address
    count: int = 1  # of refusals that are all alike
    facts: dict[str, str] = {}  # sorted by name


def compose_event(event: AuditEvent) -> AuditEvent:
    """The same event within its bounds: texts cut, control characters gone, facts sorted."""
    assert event.action in ACTIONS, event.action
    actor = msgspec.structs.replace(
        event.actor,
        id=bounded(event.actor.id),
        tenant=bounded(event.actor.tenant, NAME_BYTES_MAX),
        name=bounded(event.actor.name, NAME_BYTES_MAX),
    )
    facts = {name: bounded(event.facts[name]) for name in sorted(event.facts)[:FACTS_MAX]}
    return msgspec.structs.replace(
        event,
        actor=actor,
        object=bounded(event.object),
        rule=bounded(event.rule),
        request_id=bounded(event.request_id),
        client=bounded(event.client),
        facts=facts,
    )


def bounded(text: str, bytes_max: int = TEXT_BYTES_MAX) -> str:
    """``text`` without control characters, in at most ``bytes_max`` bytes of UTF-8 and a mark."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    encoded = shown.encode("utf-8", "replace")
    if len(encoded) <= bytes_max:
        return encoded.decode()
    return encoded[:bytes_max].decode("utf-8", "ignore") + "…"


def blotted(text: str) -> str:
    """A URL without what may be a secret in it: user, password, query."""
    if "://" not in text:
        return text
    address, asks, _ = text.partition("?")
    return re.sub(r"//[^/@]*@", "//***@", address) + ("?***" if asks else "")


def event_content(event: AuditEvent) -> bytes:
    """The canonical bytes of an event within its bounds."""
    content = canonical(event)
    assert len(content) <= EVENT_BYTES_MAX, len(content)
    return content


def leaf_of_event(content: bytes, salt: bytes) -> Leaf:
    """The event's leaf in the second log; ``content`` is its canonical bytes."""
    assert len(salt) == SALT_BYTES
    return Leaf(hashlib.sha256(_PREFIX + salt + digest(content)).digest())
