"""Seals on an OFD (GB/T 33190, chapter 18): is the package what was sealed?

    SignedValue.dat ──signs──► Signature.xml ──digests──► every part it lists

A change to any listed part breaks its digest, a change to the list breaks the seal's hash, a
change to the seal breaks its signature.  What no seal lists is reported, too: a part may
have been added afterwards.  Who stands behind a right signature is not asked (see ``ses``).
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from typing import Literal
from xml.etree.ElementTree import Element

import msgspec

from kaipiao.base.markup import parse_xml
from kaipiao.base.sm import sm3
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.ofd import Ofd, resolve, text_at
from kaipiao.delivery.readers.ses import read_seal

Digesting = Callable[[bytes], bytes]

METHODS: Mapping[str, Digesting] = {
    "1.2.156.10197.1.401": sm3,
    "SM3": sm3,
    "2.16.840.1.101.3.4.2.1": lambda data: hashlib.sha256(data).digest(),
}

Verdict = Literal["right", "wrong", "unknown", "unsealed"]


class SealCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One seal.  ``problem`` is set where it could not be taken apart; then the sums are False."""

    where: str
    name: str = ""
    signer: str = ""
    maker: str = ""
    stamped_at: str = ""
    parts: int = 0  # how many digests it lists
    wrong_parts: tuple[str, ...] = ()  # changed or missing since
    hash_right: bool = False  # of Signature.xml
    signature_right: bool = False  # SM2 of the signer over the seal and that hash
    maker_right: bool = False  # SM2 of the seal's maker over the seal
    signer_listed: bool = False  # the seal may be used by this signer
    problem_zh: str = ""
    problem_en: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.problem_en:
            return "unknown"
        sums = self.hash_right and self.signature_right and self.maker_right and self.signer_listed
        return "right" if sums and self.parts and not self.wrong_parts else "wrong"


class SealReport(msgspec.Struct, frozen=True, kw_only=True):
    """All seals of a package, and the parts that none of them covers."""

    seals: tuple[SealCheck, ...]
    uncovered: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of the seals; ``unsealed`` if there is none."""
        verdicts = {seal.verdict for seal in self.seals}
        if "wrong" in verdicts:
            return "wrong"
        return "unknown" if "unknown" in verdicts else "right" if verdicts else "unsealed"


def check_seals(data: bytes) -> SealReport:
    """Do the sums of every seal on an OFD.

    Raises:
        Unreadable: not an OFD within limits.  A broken seal is a verdict, not an exception.
    """
    ofd = Ofd(data)
    listing = text_at(ofd.body, "Signatures")
    if not listing:
        return SealReport(seals=(), uncovered=ofd.parts.names)
    path = resolve("OFD.xml", listing)
    covered = {path}
    found = ofd.tree(path).findall("Signature")
    places = dict.fromkeys(resolve(path, signature.get("BaseLoc", "")) for signature in found)
    seals = [_checked(ofd, where, covered) for where in places]
    uncovered = tuple(name for name in ofd.parts.names if name not in covered)
    return SealReport(seals=tuple(seals), uncovered=uncovered)


def _checked(ofd: Ofd, where: str, covered: set[str]) -> SealCheck:
    """One seal's sums; adds what it covers, and its own two parts, to ``covered``."""
    try:
        listed = ofd.parts.read(where)
        tree = parse_xml(listed, where=where)
        value = resolve(where, text_at(tree, "SignedValue"))
        method, digests = _listed_digests(tree, where)
        wrong = tuple(
            path for path, digest in digests.items() if not _has_digest(ofd, path, method, digest)
        )
        covered.update((where, value), digests)
        seal = read_seal(ofd.parts.read(value))
    except Unreadable as error:
        return SealCheck(where=where, problem_zh=error.zh, problem_en=error.en)
    return SealCheck(
        where=where,
        name=seal.name,
        signer=seal.signer,
        maker=seal.maker,
        stamped_at=seal.stamped_at,
        parts=len(digests),
        wrong_parts=wrong,
        hash_right=sm3(listed) == seal.covers,
        signature_right=seal.signature_right,
        maker_right=seal.maker_right,
        signer_listed=seal.signer_listed,
    )


def _listed_digests(tree: Element, where: str) -> tuple[Digesting, dict[str, bytes]]:
    """How parts are digested here, and the digest that each listed part must have.

    Raises:
        Unreadable: an unknown method, a part listed twice, or a path that leads nowhere.
    """
    listed = tree.find("SignedInfo/References")
    method = METHODS.get(listed.get("CheckMethod", "")) if listed is not None else None
    if listed is None or method is None:
        raise Unreadable(where, zh="签名的摘要算法未知。", en="the digest method is unknown.")
    references = listed.findall("Reference")
    digests = {
        resolve(where, reference.get("FileRef", "")): _decoded(text_at(reference, "CheckValue"))
        for reference in references
    }
    if len(digests) != len(references):
        raise Unreadable(where, zh="签名重复列出同一文件。", en="it lists one part twice.")
    return method, digests


def _has_digest(ofd: Ofd, path: str, method: Digesting, expected: bytes) -> bool:
    return path in ofd.parts and method(ofd.parts.read(path)) == expected


def _decoded(text: str) -> bytes:
    """Base64 to bytes; nonsense is a digest that nothing has."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
