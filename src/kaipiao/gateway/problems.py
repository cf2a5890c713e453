"""Failures as the outside world sees them: RFC 9457 problem documents.

The only place that knows both our failures and HTTP.  Refusals say what to do; an outage says
that the outcome is unknown and that asking again is safe, never which part broke; a defect
says that it is ours.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from kaipiao import errors
from kaipiao.errors import Outage, Refusal
from kaipiao.fiscal.violation import Violation
from kaipiao.gateway import refusals

MEDIA_TYPE = b"application/problem+json"


class Shown(NamedTuple):
    """How one kind of failure appears: its status, its title, and when to come back."""

    status: int
    zh: str
    en: str
    retry_after_s: int | None = None


STATUS: Mapping[type[Refusal], Shown] = {
    errors.Malformed: Shown(400, "请求内容无法读取", "The request cannot be read"),
    errors.KeyMissing: Shown(400, "缺少幂等编号", "The idempotency key is missing"),
    refusals.NotHttp: Shown(400, "不是 HTTP 请求", "Not an HTTP request"),
    errors.NotAuthenticated: Shown(401, "未认证", "Not authenticated"),
    errors.NotAllowed: Shown(403, "无权操作", "Not allowed"),
    errors.NoSuchInvoice: Shown(404, "查无此票", "No such invoice"),
    errors.NoSuchConfirmation: Shown(404, "查无此确认单", "No such confirmation form"),
    errors.NoSuchRendition: Shown(404, "没有这种版式文件", "No such rendition"),
    errors.NoSuchImport: Shown(404, "查无此导入任务", "No such import"),
    refusals.NoSuchPath: Shown(404, "没有这个地址", "No such path"),
    refusals.NoSuchKey: Shown(404, "没有这个密钥", "No such API key"),
    refusals.NoSuchEvent: Shown(404, "没有这个审计事件", "No such audit event"),
    refusals.NoSuchDelivery: Shown(404, "没有这个递送", "No such delivery"),
    refusals.NoSuchStandingOrder: Shown(404, "没有这个订阅", "No such webhook or mail rule"),
    refusals.NoSuchLink: Shown(404, "下载链接无效", "The download link is not valid"),
    refusals.NoSuchVendor: Shown(404, "没有这个签章服务商", "No such seal vendor"),
    refusals.MethodNotAllowed: Shown(405, "方法不支持", "Method not allowed"),
    refusals.BodyTooSlow: Shown(408, "传输超时", "The request came too slowly"),
    errors.ConfirmationNeeded: Shown(409, "须先确认", "A confirmation form is needed"),
    errors.ConfirmationRefused: Shown(409, "确认单状态不符", "Not possible in the form's state"),
    errors.CreditLineExhausted: Shown(409, "授信额度不足", "The credit line is too small"),
    errors.CreditLineMissing: Shown(409, "没有授信额度", "There is no credit line"),
    errors.ErasureRefused: Shown(409, "未删除", "Nothing was erased"),
    errors.ImportNotEnded: Shown(409, "导入尚未结束", "The import has not ended yet", 2),
    refusals.EventNotCovered: Shown(409, "存证尚未就绪", "The proof is not ready yet", 1),
    errors.ProofNotReady: Shown(409, "存证尚未就绪", "The proof is not ready yet", 1),
    errors.RenditionImpossible: Shown(409, "无法生成版式文件", "The rendition is impossible"),
    refusals.MailNotSetUp: Shown(409, "未配置邮件", "Mail is not set up"),
    refusals.TooManyStandingOrders: Shown(409, "订阅过多", "Too many webhooks or mail rules"),
    errors.InvoiceErased: Shown(410, "内容已删除", "Its content was erased"),
    refusals.BodyTooLarge: Shown(413, "内容过大", "The body is too large"),
    refusals.BatchTooLarge: Shown(413, "批量过大", "The batch is too large"),
    refusals.WrongMediaType: Shown(415, "内容类型不支持", "The media type is not supported"),
    errors.KeyReused: Shown(422, "编号已用于其他内容", "The key names something else"),
    refusals.DocumentUnreadable: Shown(422, "文件无法读取", "The document cannot be read"),
    errors.RulesBroken: Shown(422, "发票不符合规则", "The invoice breaks rules"),
    refusals.WebhookUrlRefused: Shown(422, "地址不可用", "The URL cannot be used"),
    errors.VerifyLimitReached: Shown(429, "查验次数已达上限", "Verified too often today", 3600),
    errors.TooManyImports: Shown(429, "导入任务过多", "Too many imports", 60),
    refusals.TooManyRequests: Shown(429, "请求过快", "Too many requests", 1),
    refusals.HeadersTooLarge: Shown(431, "请求头过大", "The headers are too large"),
    refusals.Busy: Shown(503, "系统繁忙", "Busy", 1),
}
"""Complete: a test compares it with every refusal there is."""

UNAVAILABLE = Shown(503, "暂时无法确定结果", "The outcome is unknown for now", 2)
DEFECT = Shown(500, "系统内部错误", "An error of ours")

_UNAVAILABLE_TEXT = {
    "zh": "系统暂时未能答复, 本次操作是否完成未知。请稍后使用相同编号和内容重试, 不会重复开具。",
    "en": "We could not get an answer, so whether this was done is unknown. Ask again with the "
    "same key and content: nothing is ever done twice.",
}
_DEFECT_TEXT = {
    "zh": "系统内部错误, 已记录。请使用相同编号重试; 如仍失败, 请提供 request_id。",
    "en": "This is an error of ours and has been recorded. Ask again with the same key; if it "
    "fails again, tell us the request_id.",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An RFC 9457 problem document.  ``code`` is stable; texts may be reworded."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    zh: str
    en: str
    retryable: bool
    request_id: str
    facts: dict[str, str | int | float] = {}  # what the texts were filled with
    violations: tuple[Violation, ...] = ()
    violations_left_out: int = 0


class Answered(NamedTuple):
    """A problem and the headers that go with it."""

    problem: Problem
    headers: tuple[tuple[bytes, bytes], ...]


def compose_problem(
    failure: BaseException, *, language: str, request_id: str, max_violations: int
) -> Answered:
    """The problem document of a refusal, an outage, or (anything else) a defect of ours."""
    shown, code, texts, retryable = _kind_of(failure)
    violations = tuple(getattr(failure, "violations", ()))
    problem = Problem(
        type=f"/problems/{code}",
        title=shown.zh if language == "zh" else shown.en,
        status=shown.status,
        detail=texts[language],
        instance=f"urn:request:{request_id}",
        code=code,
        zh=texts["zh"],
        en=texts["en"],
        retryable=retryable,
        request_id=request_id,
        facts=_facts(failure),
        violations=violations[:max_violations],
        violations_left_out=max(0, len(violations) - max_violations),
    )
    return Answered(problem, _headers(failure, shown))


def prefers_chinese(accept_language: bytes) -> bool:
    """Whether ``Accept-Language`` asks for Chinese before English; both are always included."""
    zh, en = accept_language.find(b"zh"), accept_language.find(b"en")
    return zh >= 0 and (en < 0 or zh < en)


def _kind_of(failure: BaseException) -> tuple[Shown, str, dict[str, str], bool]:
    if isinstance(failure, Refusal):
        texts = {"zh": failure.text("zh"), "en": failure.text("en")}
        return STATUS[type(failure)], failure.code, texts, failure.retryable
    if isinstance(failure, Outage):
        return UNAVAILABLE, "unavailable", _UNAVAILABLE_TEXT, True
    return DEFECT, "internal-error", _DEFECT_TEXT, True


def _facts(failure: BaseException) -> dict[str, str | int | float]:
    facts = failure.facts if isinstance(failure, Refusal) else {}
    return {
        name: fact if isinstance(fact, int | float) else str(fact) for name, fact in facts.items()
    }


def _headers(failure: BaseException, shown: Shown) -> tuple[tuple[bytes, bytes], ...]:
    facts = failure.facts if isinstance(failure, Refusal) else {}
    headers = [(b"content-type", MEDIA_TYPE)]
    retry_after_s = facts.get("retry_after_s", shown.retry_after_s)
    if retry_after_s is not None:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    if shown.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="kaipiao"'))
    if shown.status == 405:
        headers.append((b"allow", str(facts["allow"]).encode()))
    return tuple(headers)
