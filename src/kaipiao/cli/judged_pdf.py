"""``kaipiao verify`` on a PDF of ours: the XML inside it decides.

Text on the pages of a PDF is no data, so it is not compared, and that is said: what counts is what
the XML inside says.  A file that was changed after it was signed is not genuine.
"""

from kaipiao.base.unreadable import Unreadable
from kaipiao.cli.found import Found, Why, not_genuine, unreadable, with_page
from kaipiao.cli.judged import NO_EVIDENCE, judge_tree
from kaipiao.cli.language import t
from kaipiao.delivery.readers.einvoice_xml import ROOT
from kaipiao.delivery.readers.pdf import read_attached
from kaipiao.delivery.readers.report import read_report
from kaipiao.delivery.readers.verdict import Rule, Verdicts
from kaipiao.evidence.trust import Trust

_RULES: tuple[Rule, ...] = ("digests", "seal")
"""What only the file around the XML can get wrong."""


def judge_pdf(content: bytes, trust: Trust | str, *, draft_bytes: bytes | None) -> Found:
    """Judge one of our PDF files; ``draft_bytes``, if given, is what it should be about."""
    try:
        _, tree = read_attached(content)
        verdicts = read_report(content).verdicts
    except Unreadable as why:
        return unreadable(why)
    if tree.tag != ROOT:
        return not_genuine(NO_EVIDENCE)
    found = judge_tree(tree, trust, draft_bytes=draft_bytes)
    told = {why.code for why in found.why}
    page = t(
        "未比对, 以内附 XML 为准: kaipiao read 文件",
        "not compared; what the XML inside says counts: kaipiao read FILE",
    )
    return with_page(found, page, [why for why in _faults(verdicts) if why.code not in told])


def _faults(verdicts: Verdicts) -> list[Why]:
    wrong = [verdicts[rule] for rule in _RULES if rule in verdicts]
    return [
        Why(fault.code, fault.zh, fault.en)
        for verdict in wrong
        if verdict.verdict == "wrong"
        for fault in verdict.violations
    ]
