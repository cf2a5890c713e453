"""``kaipiao verify`` on a PDF of ours: the XML inside it decides.

Text on the pages of a PDF is no data, so it is not compared, and that is said: what counts is what
the XML inside says.
"""

import msgspec

from kaipiao.base.unreadable import Unreadable
from kaipiao.cli.judged import NO_EVIDENCE, Found, judge_tree, not_genuine
from kaipiao.cli.language import t
from kaipiao.delivery.readers.einvoice_xml import ROOT
from kaipiao.delivery.readers.pdf import read_attached


def judge_pdf(content: bytes, vkey: str, *, draft_bytes: bytes | None) -> Found:
    """Judge one of our PDF files; ``draft_bytes``, if given, is what it should be about."""
    try:
        _, tree = read_attached(content)
    except Unreadable as why:
        return not_genuine("document-unreadable", why.zh, why.en)
    if tree.tag != ROOT:
        return not_genuine("evidence-missing", *NO_EVIDENCE)
    found = judge_tree(tree, vkey, draft_bytes=draft_bytes)
    page = t(
        "未比对, 以内附 XML 为准: kaipiao read 文件",
        "not compared; what the XML inside says counts: kaipiao read FILE",
    )
    return msgspec.structs.replace(found, page=page)
