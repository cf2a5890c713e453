"""What ``kaipiao verify`` answers, for scripts and for people."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from kaipiao.base.unreadable import Unreadable
from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.evidence.verdict import FaultCode, Verdict

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAULTS_ZH = {
    FaultCode.UNREADABLE: "不是回执, 或已损坏到无法读取",
    FaultCode.NO_OPENING: "回执中的票面字段缺失或损坏",
    FaultCode.OTHER_LOG: "回执来自另一个日志, 与给出的公钥不符",
    FaultCode.UNSIGNED: "没有该公钥的签名",
    FaultCode.FORGED: "签名是伪造的: 检查点被改动过",
    FaultCode.IMPOSSIBLE_PATH: "证明路径不可能属于这样大小的日志",
    FaultCode.NOT_IN_LOG: "号码、时间、金额、摘要或路径与入链时不一致",
    FaultCode.OTHER_INVOICE: "回执对应的是另一张内容不同的发票",
}


class Why(msgspec.Struct, frozen=True):
    """One thing that is wrong, or not known; ``code`` is stable."""

    code: str
    zh: str
    en: str

    def __str__(self) -> str:
        return f"{t(self.zh, self.en)} ({self.code})"


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer.  ``grade`` is empty unless it is genuine; ``why`` unless it is not."""

    genuine: bool
    grade: str
    why: list[Why]
    undecided: bool = False  # nothing here can be proved or disproved without asking
    number: str = ""
    issued_at: datetime | None = None
    gross_fen: int | None = None
    log: str = ""
    log_index: int | None = None
    log_size: int | None = None
    witnessed_at: datetime | None = None
    stamped_at: datetime | None = None
    faults: list[str] = []  # ``why`` as sentences in the language of this run
    page: str = ""  # of an OFD or a PDF: what of its page was compared

    @property
    def exit_code(self) -> int:
        if self.genuine:
            return exits.OK
        return exits.USAGE if self.undecided else exits.NO


def found_of(verdict: Verdict, more: Iterable[Why] = ()) -> Found:
    """``more``: faults beyond those of the receipt."""
    opening, checkpoint, graded = verdict.opening, verdict.checkpoint, verdict.graded
    why = [*(Why(fault.code, _FAULTS_ZH[fault.code], fault.why) for fault in verdict.faults), *more]
    return Found(
        genuine=not why,
        grade="" if why else graded.grade,
        why=why,
        number=opening.number if opening else "",
        issued_at=opening.issued_at if opening else None,
        gross_fen=opening.net_fen + opening.tax_fen if opening else None,
        log=checkpoint.origin if checkpoint else "",
        log_index=verdict.index,
        log_size=checkpoint.size if checkpoint else None,
        witnessed_at=None if why else _instant(graded.witnessed_at),
        stamped_at=None if why else _instant(graded.stamped_at),
        faults=[str(one) for one in why],
    )


def not_genuine(*why: Why) -> Found:
    return Found(genuine=False, grade="", why=[*why], faults=[str(one) for one in why])


def unreadable(why: Unreadable) -> Found:
    return not_genuine(Why("document-unreadable", why.zh, why.en))


def with_page(found: Found, page: str, faults: Iterable[Why] = ()) -> Found:
    """The same, with what was found out about the page beside the XML."""
    more = [*faults]
    return msgspec.structs.replace(
        found,
        genuine=found.genuine and not more,
        grade="" if more else found.grade,
        why=[*found.why, *more],
        faults=[*found.faults, *map(str, more)],
        page=page,
    )


def _instant(seconds: int | None) -> datetime | None:
    """None, too, for a second past the year 9999, which a witness may sign and no date can say."""
    try:
        return None if seconds is None else _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
