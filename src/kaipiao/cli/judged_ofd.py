"""``kaipiao verify`` on an OFD of ours: the XML inside it decides, and the rest may not differ.

A package that contradicts its XML, or was changed after it was signed, is not genuine.  What of
its page was compared, and that the rest was not, is said.
"""

from kaipiao.base.unreadable import Unreadable
from kaipiao.cli.found import Found, Why, not_genuine, unreadable, with_page
from kaipiao.cli.judged import NO_EVIDENCE, judge_document
from kaipiao.cli.language import t
from kaipiao.delivery.readers.einvoice_xml import ROOT
from kaipiao.delivery.readers.embedded import READERS, is_xml
from kaipiao.delivery.readers.ofd import Ofd
from kaipiao.delivery.readers.report import read_report
from kaipiao.delivery.readers.verdict import Rule, Verdict
from kaipiao.evidence.trust import Trust

_RULES: tuple[Rule, ...] = ("page", "digests", "seal")
"""What only the package can get wrong; all else the XML says."""


def judge_ofd(content: bytes, trust: Trust | str, *, draft_bytes: bytes | None) -> Found:
    """Judge one of our OFD files; ``draft_bytes``, if given, is what it should be about."""
    try:
        verdicts, xml = read_report(content).verdicts, _xml_in(Ofd(content))
    except Unreadable as why:
        return unreadable(why)
    if xml is None:
        return not_genuine(NO_EVIDENCE)
    found = judge_document(xml, trust, draft_bytes=draft_bytes)
    faults = [fault for rule in _RULES for fault in _faults_of(verdicts[rule])]
    page = verdicts["page"]
    return with_page(found, t(page.zh, page.en), faults)


def _xml_in(ofd: Ofd) -> bytes | None:
    """The attachment that readers take for the invoice, if it is a 数电票 XML."""
    for path in ofd.attachments():
        content = ofd.parts.read(path)
        if is_xml(content) and (tag := ofd.tree(path).tag) in READERS:
            return content if tag == ROOT else None
    return None


def _faults_of(verdict: Verdict) -> list[Why]:
    if verdict.verdict != "wrong":
        return []
    return [Why(fault.code, fault.zh, fault.en) for fault in verdict.violations]
