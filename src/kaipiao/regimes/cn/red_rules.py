"""Rules about the reversal that makes a draft a red letter (红字)."""

from collections.abc import Iterator

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.number import parse_number
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.catalogue import objection
from kaipiao.regimes.cn.law import Context
from kaipiao.regimes.cn.policy import REASONS


def check_reversal(draft: Draft, context: Context) -> Iterator[Violation]:
    """Only we compose a reversal; one that we composed names its original, reason and lines."""
    reversal = draft.reversal
    if reversal is None or context.outside:
        return
    if not context.composed:
        yield objection("reversal-not-yours", "/reversal")
        return
    try:
        parse_number(reversal.original)
    except ValueError:
        yield objection("reversal-original-malformed", "/reversal/original")
    if reversal.reason not in REASONS:
        yield objection(
            "reversal-reason-unknown", "/reversal/reason", allowed=", ".join(sorted(REASONS))
        )
    if len(reversal.lines) != len(draft.lines):
        yield objection("reversal-lines-differ", "/reversal/lines")
