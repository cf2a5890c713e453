"""The three ways to fail, which must never be confused.

Refusal   We understood, and the answer is no.  The caller's to fix.  4xx, no alert.
Outage    Something we lean on did not answer.  Worth retrying.  503, counted.
Defect    We are wrong: a failed ``assert``, or any other exception.  500, someone wakes.

A refusal is part of the API: its ``code`` is stable, its docstring is its page in the
reference, and ``zh`` and ``en`` tell a person what happened and what to do now (``{facts}``
are filled in).  HTTP status is the gateway's business and not ours.
"""

from typing import ClassVar

from kaipiao.fiscal.violation import Violation


class Refusal(Exception):
    """We understood the request and will not do it."""

    code: ClassVar[str]
    zh: ClassVar[str]
    en: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, **facts: object) -> None:
        super().__init__(", ".join(f"{name}={value}" for name, value in facts.items()))
        self.facts = facts

    def text(self, language: str) -> str:
        """What happened and what to do, in ``zh`` or ``en``."""
        template = self.zh if language == "zh" else self.en
        return template.format_map(self.facts)


class Malformed(Refusal):
    """The body is not what the call takes: not JSON, a wrong type, an unknown field.

    Every fault found is in ``violations``.
    """

    code = "malformed"
    zh = "请求内容无法读取。请按 violations 中逐条修改后再次提交。"
    en = "The request could not be read. Correct each of the violations and send it again."

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__()
        self.violations = violations


class RulesBroken(Refusal):
    """The invoice breaks one or more rules; nothing was issued and nothing was drawn.

    Every rule broken is in ``violations``, each with its place and what to do.
    """

    code = "rules-broken"
    zh = "发票不符合规则, 未开具。请按 violations 中逐条修改后再次提交。"
    en = "The invoice breaks rules and was not issued. Correct each violation and send it again."

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__()
        self.violations = violations


class KeyMissing(Refusal):
    """There is no usable idempotency key: 1 to 128 printable ASCII characters, no space."""

    code = "key-missing"
    zh = "缺少或无效的 Idempotency-Key。请为每一笔业务给出 1 至 128 个可见 ASCII 字符的唯一编号。"
    en = (
        "Idempotency-Key is missing or unusable. Give each sale a name of its own: "
        "1 to 128 visible ASCII characters."
    )


class KeyReused(Refusal):
    """The seller has used this key for something else.  Nothing was issued."""

    code = "key-reused"
    zh = (
        "编号 {key} 已用于另一张内容不同的发票, 本次未开具。"
        "重发请使用完全相同的内容; 新业务请换新编号。"
    )
    en = (
        "Key {key} already names a different invoice; nothing was issued. To repeat, send the "
        "same content; for a new sale, use a new key."
    )


class CreditLineExhausted(Refusal):
    """The invoice is larger than what is left of this month's credit line (授信额度不足)."""

    code = "credit-line-exhausted"
    zh = "本月授信额度不足: 需要 {asked_fen} 分, 剩余 {left_fen} 分。请申请调增额度, 或减少金额。"
    en = (
        "This month's credit line is too small: {asked_fen} fen asked, {left_fen} fen left. "
        "Ask for a larger line or issue less."
    )

    def __init__(self, *, asked_fen: int, left_fen: int) -> None:
        super().__init__(asked_fen=asked_fen, left_fen=left_fen)


class CreditLineMissing(Refusal):
    """The seller has no credit line here, so nothing can be issued for it."""

    code = "credit-line-missing"
    zh = "销方 {seller} 没有授信额度。请联系管理方授予: kaipiao credit grant {seller} 金额。"
    en = (
        "Seller {seller} has no credit line. Ask the operator to grant one: "
        "kaipiao credit grant {seller} YUAN."
    )


class NoSuchInvoice(Refusal):
    """There is no such invoice, or it is not yours to see."""

    code = "no-such-invoice"
    zh = "查无此票, 或您无权查看。请核对号码、编号或摘要。"
    en = "No such invoice, or not yours to see. Check the number, key or digest."


class InvoiceErased(Refusal):
    """The content of this invoice was erased for good; its number and its leaf in the log stay.

    ``erased_at`` and ``why`` say when and why, never whom it was about.  The key under which it was
    issued names nothing else, ever.
    """

    code = "erased"
    zh = (
        "该发票的内容已于 {erased_at} 依法删除, 无法恢复 (原因: {why})。"
        "号码不会再用; 请向当事方索取其留存的文件。"
    )
    en = (
        "The content of this invoice was erased for good on {erased_at} ({why}). Its number is "
        "never used again; ask the parties for the document that they keep."
    )


class ErasureRefused(Refusal):
    """This invoice cannot be erased now, or not on this ground.  Nothing was erased."""

    code = "erasure-refused"
    zh = "未删除: {why_zh}"
    en = "Nothing was erased: {why_en}"


class NoSuchConfirmation(Refusal):
    """There is no such red-letter confirmation form (红字确认单), or it is not yours."""

    code = "no-such-confirmation"
    zh = "查无此红字确认单, 或您无权查看。请核对确认单编号。"
    en = "No such confirmation form, or not yours. Check its id."


class ConfirmationNeeded(Refusal):
    """The buyer has used or booked the original, so both sides must agree before it is reversed."""

    code = "confirmation-needed"
    zh = "购方已用途确认或入账, 须先填开红字确认单并由对方确认: POST /v1/confirmations。"
    en = (
        "The buyer has used or booked this invoice: open a confirmation form first "
        "(POST /v1/confirmations) and let the other side confirm it."
    )


class ConfirmationRefused(Refusal):
    """The form is not in a state, or you are not the side, from which this can be done."""

    code = "confirmation-refused"
    zh = "确认单现状态为 {state}, 不能执行 {action}。可执行: {allowed}。"
    en = "The form is in state {state}; {action} is not possible. Possible now: {allowed}."


class ProofNotReady(Refusal):
    """The invoice is issued; its place in the log is not published yet.  Ask again shortly."""

    code = "proof-not-ready"
    zh = "发票已开具, 存证正在入链下日志, 通常一秒内完成。请稍后再取。"
    en = "The invoice is issued; its proof is usually ready within a second. Ask again shortly."
    retryable = True


class NoSuchRendition(Refusal):
    """An invoice has no rendition (版式文件) of this kind.  The kinds that there are: ``known``."""

    code = "no-such-rendition"
    zh = "没有 {kind} 这种版式文件。可用: {known}。"
    en = "There is no rendition of the kind {kind}. There are: {known}."


class RenditionImpossible(Refusal):
    """This kind of document cannot say what this invoice says.  Another kind can: XML always."""

    code = "rendition-impossible"
    zh = "无法生成 {kind} 版式文件: {why_zh} 请改取 XML。"
    en = "This invoice cannot be shown as {kind}: {why_en} Ask for the XML instead."


class VerifyLimitReached(Refusal):
    """This invoice has been verified as often as one day allows (5 times)."""

    code = "verify-limit-reached"
    zh = "该发票今日查验次数已达上限 ({limit} 次)。请明日再查, 或使用离线回执查验。"
    en = (
        "This invoice was verified {limit} times today, which is the limit. Try tomorrow, or "
        "verify its receipt offline."
    )


class NoSuchImport(Refusal):
    """There is no such import, it is not yours to see, or it was forgotten after its days."""

    code = "no-such-import"
    zh = "查无此导入任务, 或您无权查看, 或已超过保留期。请核对编号; 也可重新上传, 不会重复开具。"
    en = (
        "No such import, not yours to see, or no longer kept. Check its id; or upload the file "
        "again, and nothing is issued twice."
    )


class ImportNotEnded(Refusal):
    """The import is still being worked on, so there is no result yet.  Ask again later."""

    code = "import-not-ended"
    zh = "导入任务尚未结束 ({done}/{total})。请稍后再取, 或订阅进度: GET /v1/imports/编号/events。"
    en = (
        "The import has not ended yet ({done} of {total}). Ask again later, or watch it: "
        "GET /v1/imports/ID/events."
    )
    retryable = True


class TooManyImports(Refusal):
    """You have as many imports open, or as many bytes kept, as one tenant may."""

    code = "too-many-imports"
    zh = "导入任务过多: {limit}。请等待已有任务结束, 或取消其中一些。"
    en = "Too many imports: {limit}. Wait until some have ended, or cancel some."
    retryable = True


class NotAuthenticated(Refusal):
    """No API key, or one that is unknown, expired or revoked."""

    code = "not-authenticated"
    zh = "缺少有效的 API 密钥。请在请求头中给出: Authorization: Bearer 密钥。"
    en = "No valid API key. Send it as: Authorization: Bearer KEY."


class NotAllowed(Refusal):
    """The API key is valid and may not do this, or may not act for this taxpayer."""

    code = "not-allowed"
    zh = "该密钥无权执行此操作: {what}。请联系管理方调整权限。"
    en = "This key may not do that: {what}. Ask the operator for the permission."


class Outage(Exception):
    """``dependency`` could not answer.  Whether it acted is unknown: retry with the same key."""

    def __init__(self, dependency: str) -> None:
        super().__init__(dependency)
        self.dependency = dependency
