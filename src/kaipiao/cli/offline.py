"""Judging one file without asking anyone, whatever it is: a receipt, a document, a code."""

from typing import BinaryIO

from kaipiao.base.archive import is_zip
from kaipiao.base.unreadable import Unreadable
from kaipiao.cli.found import Found, found_of, unreadable
from kaipiao.cli.judged import is_document, judge_document
from kaipiao.evidence.trust import Trust
from kaipiao.evidence.verdict import verify_receipt

FILE_BYTES_MAX = 16 * 2**20
"""As much as the readers take of any one document."""

_TOO_LARGE = Unreadable(
    "",
    zh=f"文件超出读取上限 ({FILE_BYTES_MAX // 2**20} MB)。",
    en=f"the file is larger than we read ({FILE_BYTES_MAX // 2**20} MB).",
)


def read_bounded(file: BinaryIO) -> bytes:
    """At most one byte more than is judged."""
    return file.read(FILE_BYTES_MAX + 1)


def judge(content: bytes, trust: Trust | str, *, draft_bytes: bytes | None = None) -> Found:
    """Judge what is in one file; ``draft_bytes``, if given, is what it should be about.

    The readers are imported for what needs them: a receipt needs none.
    """
    if len(content) > FILE_BYTES_MAX:
        return unreadable(_TOO_LARGE)
    if is_zip(content):
        from kaipiao.cli.judged_ofd import judge_ofd

        return judge_ofd(content, trust, draft_bytes=draft_bytes)
    if content.startswith(b"%PDF-"):
        from kaipiao.cli.judged_pdf import judge_pdf

        return judge_pdf(content, trust, draft_bytes=draft_bytes)
    if is_document(content):
        return judge_document(content, trust, draft_bytes=draft_bytes)
    if content.startswith((b"01,", b"\xef\xbb\xbf01,", b"\x89PNG", b"\xff\xd8\xff")):
        from kaipiao.cli.judged_code import is_code, judge_code

        if is_code(content):
            return judge_code(content, trust, draft_bytes=draft_bytes)
    text = content.decode("utf-8", "replace")
    return found_of(verify_receipt(text, trust, draft_bytes=draft_bytes))
