"""Signatures (签名) inside a PDF: was a byte of the file changed since it was signed?

    /ByteRange [0 a b c]    signed is all but data[a:b], which is ``<hexadecimal, then zeros>``
    the hexadecimal         a CMS: digest of what is signed, certificate, signature

They are looked for in the bytes of the file, not in its tables, so that no table can hide one.
Digests are compared whatever the algorithm of the signature; of signatures, ECDSA on P-256 is
computed, which is what we write, and others are said to be unchecked.  What we write is made again
from its certificate and signature and must be the same to the byte, padding included.  Chains of
certificates are not followed.
"""

import hashlib
import re
from typing import Literal, NamedTuple

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.pdf_cms import Cms, read_cms

MAX_SIGNATURES = 8
_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_GAP = re.compile(rb"<([0-9A-Fa-f\s]{4,1000000})>")
_TRACES = (b"/ByteRange", b"/ETSI.CAdES.detached", b"/adbe.pkcs7.")
"""One of these is left of a signature of which one byte was changed."""
_OURS = b"self-made"

State = Literal["right", "changed", "wrong", "damaged", "other", "unread"]
"""``changed``: another file than was signed.  ``wrong``: not signed by its certificate.
``other``: the digest is right, of the signature we do not know the algorithm.  ``unread``: a CMS
of another kind; nothing was computed.
"""


class PdfSignature(NamedTuple):
    """One signature.  ``ends_at``: what is behind that byte, it does not cover."""

    state: State
    ends_at: int = 0
    self_made: bool = False  # the certificate says that the platform made it itself


def signatures_of(data: bytes) -> list[PdfSignature]:
    """Every signature, in the order of the file; one that shows only traces of one has a damaged
    one.

    Raises:
        Unreadable: more than ``MAX_SIGNATURES``.
    """
    ranges = _RANGE.findall(data)
    if len(ranges) > MAX_SIGNATURES:
        raise Unreadable(
            "",
            zh=f"PDF 的签名超过 {MAX_SIGNATURES} 个, 未读取。",
            en=f"the PDF has more than {MAX_SIGNATURES} signatures; it was not read.",
        )
    if not ranges and any(trace in data for trace in _TRACES):
        return [PdfSignature("damaged")]
    return [_check(data, *map(int, found)) for found in ranges]


def _check(data: bytes, start: int, before: int, after: int, length: int) -> PdfSignature:
    ends_at = after + length
    gap = _GAP.fullmatch(data[before:after])
    if start or not 0 < before < after <= ends_at <= len(data) or not gap:
        return PdfSignature("damaged")
    digits = b"".join(gap[1].split()).decode()
    room = bytes.fromhex(digits + "0" * (len(digits) % 2))
    self_made = _OURS in room
    try:
        cms = read_cms(room)
    except (Unreadable, IndexError, ValueError):
        return PdfSignature("damaged" if self_made else "unread", ends_at, self_made)
    signed = hashlib.sha256(memoryview(data)[:before])
    signed.update(memoryview(data)[after:ends_at])
    if signed.digest() != cms.digest:
        return PdfSignature("changed", ends_at, self_made)
    if self_made and not _is_as_written(cms, gap[1]):
        return PdfSignature("wrong", ends_at, self_made)
    return PdfSignature(_signed(cms), ends_at, self_made)


def _signed(cms: Cms) -> State:
    try:
        right = cms.is_signed()
    except (Unreadable, IndexError, ValueError):
        right = None
    return "other" if right is None else "right" if right else "wrong"


def _is_as_written(cms: Cms, gap: bytes) -> bool:
    """To the letter: a digit in another case, or one behind the end, would else go unnoticed."""
    due = cms.as_written_by_us().hex().upper().encode()
    return gap == due.ljust(len(gap), b"0")
