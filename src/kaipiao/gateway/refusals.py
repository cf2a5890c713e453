"""What only HTTP can refuse: paths, methods, media types, sizes, speeds, rates."""

from kaipiao.errors import Refusal


class NotHttp(Refusal):
    """What arrived is not a well-formed HTTP/1.1 request."""

    code = "not-http"
    zh = "无法识别的 HTTP 请求。请检查客户端或中间代理。"
    en = "This is not a well-formed HTTP request. Look at your client, or the proxy before us."


class NoSuchPath(Refusal):
    """There is nothing at this path."""

    code = "no-such-path"
    zh = "没有这个地址: {path}。接口清单见 /docs。"
    en = "There is nothing at {path}. All calls are listed at /docs."


class NoSuchKey(Refusal):
    """There is no such API key, or it is not yours to manage."""

    code = "no-such-key"
    zh = "没有这个 API 密钥, 或您无权管理。请核对密钥编号。"
    en = "No such API key, or not yours to manage. Check its id."


class NoSuchEvent(Refusal):
    """There is no such audit event, it was forgotten after its days, or it is not yours to see."""

    code = "no-such-event"
    zh = "没有这个审计事件、已过保留期, 或您无权查看。请核对编号。"
    en = "No such audit event, one forgotten after its days, or not yours to see. Check its id."


class EventNotCovered(Refusal):
    """The event is written down; no checkpoint of the audit log covers it yet.  Ask again."""

    code = "event-not-covered"
    zh = "审计事件已记录, 检查点尚未覆盖, 通常一秒内完成。请稍后再取。"
    en = "The event is recorded; its proof is usually ready within a second. Ask again shortly."
    retryable = True


class NoSuchDelivery(Refusal):
    """There is no such delivery, it is long forgotten, or it is not yours to see."""

    code = "no-such-delivery"
    zh = "没有这个递送记录、记录已过期, 或您无权查看。请核对编号。"
    en = "No such delivery, one long forgotten, or not yours to see. Check its id."


class NoSuchStandingOrder(Refusal):
    """There is no such webhook or mail rule, or it is not yours to manage."""

    code = "no-such-standing-order"
    zh = "没有这个 webhook 或邮件规则, 或您无权管理。请核对编号。"
    en = "No such webhook or mail rule, or not yours to manage. Check its id."


class NoSuchLink(Refusal):
    """There is no such download link, or it is over: expired, used up, or revoked."""

    code = "no-such-link"
    zh = "下载链接无效: 已过期、次数用尽或已撤销。请向给您链接的人索取新的链接。"
    en = (
        "This download link is not valid: it expired, was used up, or was revoked. "
        "Ask whoever gave it to you for a new one."
    )


class NoSuchVendor(Refusal):
    """This cell never knew a seal vendor (签章服务商) of this name."""

    code = "no-such-vendor"
    zh = "没有这个签章服务商。请核对名称: kaipiao seal vendors。"
    en = "There is no such seal vendor. Check its name: kaipiao seal vendors."


class WebhookUrlRefused(Refusal):
    """We do not call this URL: it is not on the public Internet, not HTTPS, or no URL.

    The operator may open networks of its own with the setting ``webhook_networks``.
    """

    code = "webhook-url-refused"
    zh = "不能使用该 webhook 地址: {why}。请使用公网的 https:// 地址, 或请管理方开放内部网段。"
    en = (
        "This URL cannot be a webhook: {why}. Use an https:// address on the public Internet, "
        "or ask the operator to open its network."
    )


class TooManyStandingOrders(Refusal):
    """The tenant has as many webhooks, or mail rules, as one may have."""

    code = "too-many-standing-orders"
    zh = "webhook 或邮件规则已达上限 ({limit} 个)。请先删除不用的。"
    en = "There are {limit} webhooks or mail rules, which is the limit. Delete one first."


class MailNotSetUp(Refusal):
    """This cell has no mail relay, so it can send no mail."""

    code = "mail-not-set-up"
    zh = "本单元未配置邮件中继, 无法发送邮件。请管理方设置 mail_host 和 mail_from。"
    en = "This cell has no mail relay. Ask the operator to set mail_host and mail_from."


class MethodNotAllowed(Refusal):
    """The path exists and does not take this method; ``Allow`` names those it takes."""

    code = "method-not-allowed"
    zh = "该地址不支持 {method}。支持的方法: {allow}。"
    en = "{method} is not possible here. Possible: {allow}."


class WrongMediaType(Refusal):
    """The body's ``Content-Type`` or ``Content-Encoding`` is not one that this call reads."""

    code = "wrong-media-type"
    zh = "不支持的内容类型或编码: {given}。请使用 {expected}, 且不压缩。"
    en = "This call does not read {given}. Send {expected}, not compressed."


class BodyTooLarge(Refusal):
    """The body, or one line of a batch, is larger than the limit.  Nothing of it was read."""

    code = "body-too-large"
    zh = "内容超过上限 {limit_bytes} 字节。请拆分后再次提交。"
    en = "The limit is {limit_bytes} bytes. Split what you send."


class BatchTooLarge(Refusal):
    """The batch has more lines or bytes than one call takes.  Earlier lines were answered."""

    code = "batch-too-large"
    zh = "批量超过上限 ({limit})。此前各行已逐行答复; 请从本行起另行提交。"
    en = "The batch passes the limit ({limit}). Lines before this one were answered; send the rest."


class BodyTooSlow(Refusal):
    """The request did not arrive within its time.  Send it again."""

    code = "body-too-slow"
    zh = "请求内容在 {timeout_s} 秒内未传完。请使用相同编号再次提交。"
    en = "The request did not arrive within {timeout_s} seconds. Send it again, with the same key."
    retryable = True


class DocumentUnreadable(Refusal):
    """The document is none that we read, is damaged, or passes a limit.  It was not judged."""

    code = "document-unreadable"
    zh = "文件无法读取 ({where}): {why_zh}"
    en = "The document cannot be read ({where}): {why_en}"


class HeadersTooLarge(Refusal):
    """There are too many headers, or they are too large."""

    code = "headers-too-large"
    zh = "请求头过多或过大。请减少请求头。"
    en = "There are too many headers, or they are too large. Send fewer."


class TooManyRequests(Refusal):
    """This key, or this address, asks faster than it may.  ``Retry-After`` says when to go on."""

    code = "too-many-requests"
    zh = "请求过快。请在 {retry_after_s} 秒后使用相同编号重试。"
    en = "You are asking too fast. Ask again in {retry_after_s} seconds, with the same key."
    retryable = True


class Busy(Refusal):
    """We are answering as many calls as we can.  This one was not begun; ask again."""

    code = "busy"
    zh = "系统繁忙, 本次请求未处理。请稍后使用相同编号重试。"
    en = "We are at our limit and did not begin this. Ask again shortly, with the same key."
    retryable = True
