"""The API's limits as settings: each may be set in the environment or in ``config.json``.

They have no flags, for there are too many; and what each one is for is told in
``gateway/limits.py``.  They are read once, when a cell starts.  Here is between what and what
each may be, so that a slip of the pen does not open the door or shut it.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from kaipiao.gateway.limits import KIB, MIB, Limits

HOUR_S, DAY_S = 3_600, 86_400
Found = Mapping[str, tuple[object, str]]
"""By name: the value as it was given, and where."""


class Bound(NamedTuple):
    least: float
    most: float
    zh: str
    en: str


BOUNDS: Mapping[str, Bound] = {
    "max_body_bytes": Bound(64 * KIB, 64 * MIB, "单个请求体, 或批量中的一行", "one body"),
    "max_batch_bytes": Bound(64 * KIB, 1_024 * MIB, "一次批量的总大小", "one batch"),
    "max_batch_lines": Bound(1, 100_000, "一次批量的行数", "drafts in one batch"),
    "batch_chunk_lines": Bound(1, 1_000, "批量中一起开具的行数", "drafts issued together"),
    "max_arriving_bytes": Bound(
        MIB, 64 * 1_024 * MIB, "所有尚未到齐的请求体", "all bodies that are not whole yet"
    ),
    "max_unsent_bytes": Bound(
        64 * KIB, 1_024 * MIB, "为一个未读取结果的调用方保留", "kept for one who does not read"
    ),
    "max_unsent_total_bytes": Bound(
        MIB, 64 * 1_024 * MIB, "为所有未读取的调用方保留", "kept for all who do not read"
    ),
    "unread_timeout_s": Bound(1, HOUR_S, "完全不读取应答的时限", "nothing of an answer is read"),
    "max_headers": Bound(16, 1_000, "请求头个数", "headers of one request"),
    "max_header_bytes": Bound(4 * KIB, MIB, "分段到达的请求头大小", "headers in pieces"),
    "header_timeout_s": Bound(1, 600, "请求头到齐的时限", "until the headers are here"),
    "body_timeout_s": Bound(1, HOUR_S, "请求体到齐的时限", "until the body is here"),
    "batch_timeout_s": Bound(1, DAY_S, "批量请求体到齐的时限", "until a batch is here"),
    "answer_timeout_s": Bound(1, 600, "等待账本的时限", "until we say: unknown"),
    "keep_alive_s": Bound(1, HOUR_S, "空闲连接保留时间", "an idle connection"),
    "max_issuing_in_flight": Bound(1, 100_000, "同时处理的开票请求", "issuing calls at once"),
    "max_other_in_flight": Bound(1, 100_000, "同时处理的其他请求", "other calls at once"),
    "max_renditions_in_flight": Bound(1, 10_000, "同时生成的版式文件", "documents being made"),
    "rate_per_s": Bound(0.01, 10**7, "每个密钥每秒的张数或次数", "for one key, a second"),
    "rate_burst": Bound(1, 10**8, "每个密钥瞬时的张数或次数", "for one key, at once"),
    "anonymous_rate_per_s": Bound(
        0.01, 10**6, "每个地址每秒的无密钥请求", "without a key, for one address, a second"
    ),
    "anonymous_burst": Bound(1, 10**7, "每个地址瞬时的无密钥请求", "the same, at once"),
    "identity_ttl_s": Bound(0, 60, "密钥核对结果的有效时间", "a key is believed for so long"),
    "identity_cache_keys": Bound(1, 10**7, "记住的密钥个数", "keys remembered"),
    "max_import_bytes": Bound(64 * KIB, 1_024 * MIB, "一个导入文件", "one file to import"),
    "max_open_imports": Bound(1, 10_000, "每个租户未结束的导入", "imports of a tenant not ended"),
    "max_kept_import_bytes": Bound(
        MIB, 1_024 * 1_024 * MIB, "每个租户保留的上传文件", "uploads of a tenant that are kept"
    ),
    "max_uploads_in_flight": Bound(1, 1_000, "同时上传的文件", "files being uploaded"),
    "upload_timeout_s": Bound(1, DAY_S, "文件上传的时限", "until a file is here"),
    "max_watchers_in_flight": Bound(1, 100_000, "同时查看进度的调用方", "watchers at once"),
    "watch_every_s": Bound(0.05, 60, "查看进度的间隔", "between two looks at an import"),
    "heartbeat_s": Bound(1, 600, "无进展时的心跳间隔", "between two signs of life"),
    "watch_timeout_s": Bound(1, DAY_S, "一次查看的最长时间", "one watch"),
    "max_exports_in_flight": Bound(1, 1_000, "同时进行的导出", "lists being exported"),
    "max_readings_in_flight": Bound(1, 10_000, "同时读取的文件", "documents being read"),
    "max_violations": Bound(1, 100_000, "一次应答列出的问题数", "violations spelled out"),
}
"""Complete: a test compares it with the limits there are."""

PARTS = (
    ("max_body_bytes", "max_arriving_bytes"),
    ("max_import_bytes", "max_arriving_bytes"),
    ("max_unsent_bytes", "max_unsent_total_bytes"),
)
"""What one caller may take of what there is for all."""


class LimitWrong(ValueError):
    """Which, where it came from, and what it may be."""

    def __init__(self, name: str, source: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name
        self.source = source
        self.reason = reason


def load_limits(found: Found) -> Limits:
    """The limits, where they were set.  Names that are no limits are left to others.

    Raises:
        LimitWrong
    """
    chosen = {name: _checked(name, *found[name]) for name in BOUNDS if name in found}
    limits = Limits(**chosen)
    for part, whole in PARTS:
        if getattr(limits, part) > (most := getattr(limits, whole)):
            source = found.get(part, found.get(whole, (0, "")))[1]
            raise LimitWrong(part, source, f"more than {whole} = {most}")
    return limits


def _checked(name: str, value: object, source: str) -> Any:
    kind = next(one.type for one in fields(Limits) if one.name == name)
    bound = BOUNDS[name]
    try:
        return msgspec.convert(
            value, Annotated[kind, Meta(ge=bound.least, le=bound.most)], strict=False
        )
    except msgspec.ValidationError as error:
        raise LimitWrong(name, source, str(error)) from None
