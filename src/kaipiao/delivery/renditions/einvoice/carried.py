"""What one of our XML files carries beside what it shows: the evidence, taken out again."""

import binascii
from base64 import b64decode
from datetime import datetime
from xml.etree.ElementTree import Element

import msgspec

from kaipiao.base.canonical import Digest, canonical, digest
from kaipiao.base.markup import parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.renditions.einvoice.evidence import FORM, NAME
from kaipiao.delivery.renditions.einvoice.write import ROOT as ROOT
from kaipiao.fiscal.draft import Draft


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """Our evidence in a file.  Nothing of it has been checked."""

    number: str  # as the visible part says it
    issued_at: datetime
    draft: Draft
    draft_bytes: bytes  # canonical
    leaf_salt: str = ""
    receipt: str = ""
    signature: bytes = b""
    certificate: bytes = b""
    signed_by: str = ""

    @property
    def digest(self) -> Digest:
        return digest(self.draft_bytes)


def read_carried(root: Element) -> Carried | None:
    """The evidence in a tree; None: there is none, it is not one of ours.

    Raises:
        Unreadable: there is some, and it is damaged, or of a newer program's form.
    """
    evidence = root.findall(NAME)
    if root.tag != ROOT or not evidence:
        return None
    if len(evidence) > 1:
        raise _damaged(NAME)
    form = _text(evidence[0], "Form")
    if form != FORM:
        raise _unknown_form(form)
    try:
        return _carried(root, evidence[0])
    except (ValueError, binascii.Error) as error:
        raise _damaged(NAME) from error


def parse_carried(xml: bytes) -> Carried | None:
    """As ``read_carried``, from the bytes of a file."""
    return read_carried(parse_xml(xml))


def _carried(root: Element, evidence: Element) -> Carried:
    draft_bytes = _bytes(evidence, "Draft")
    draft = msgspec.json.decode(draft_bytes, type=Draft)
    if canonical(draft) != draft_bytes:
        raise ValueError("the draft is not in its canonical form")
    return Carried(
        number=root.findtext("Header/EIid") or "",
        issued_at=msgspec.convert(_text(evidence, "IssuedAt"), datetime),
        draft=draft,
        draft_bytes=draft_bytes,
        leaf_salt=_text(evidence, "LeafSalt"),
        receipt=_bytes(evidence, "Receipt").decode(),
        signature=_bytes(evidence, "Signature/Value"),
        certificate=_bytes(evidence, "Signature/Certificate"),
        signed_by=_text(evidence, "Signature/SignedBy"),
    )


def _text(element: Element, path: str) -> str:
    found = element.findall(path)
    if len(found) > 1:
        raise _damaged(path)
    return (found[0].text or "").strip() if found else ""


def _bytes(element: Element, path: str) -> bytes:
    return b64decode("".join(_text(element, path).split()), validate=True)


def _damaged(where: str) -> Unreadable:
    return Unreadable(
        where,
        zh="文件中的存证部分已损坏。请向开票方重新索取原始文件。",
        en="the evidence inside the file is damaged. Ask the issuer for the original file.",
    )


def _unknown_form(form: str) -> Unreadable:
    return Unreadable(
        NAME,
        zh=f"文件由更新的程序生成 ({form[:40]})。请更新 kaipiao 后再查验。",
        en=f"the file was made by a newer program ({form[:40]}). Update kaipiao, then verify.",
    )
