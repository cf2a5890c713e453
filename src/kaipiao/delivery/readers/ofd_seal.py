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
from xml.etree.ElementTree import Element

from kaipiao.base.sm import sm3
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.ofd import Ofd, resolve, text_at
from kaipiao.delivery.readers.seal_check import SealCheck, SealReport
from kaipiao.delivery.readers.ses import Seal, read_seal
from kaipiao.delivery.readers.signed_data import is_signed_data, read_signed_data

Digesting = Callable[[bytes], bytes]

MAX_SEALS = 20
"""A genuine invoice has one."""

METHODS: Mapping[str, Digesting] = {
    "1.2.156.10197.1.401": sm3,
    "SM3": sm3,
    "2.16.840.1.101.3.4.2.1": lambda data: hashlib.sha256(data).digest(),
}


def check_seals(data: bytes) -> SealReport:
    """Do the sums of every seal on an OFD.

    Raises:
        Unreadable: not an OFD within limits.  A broken seal is a verdict, not an exception.
    """
    return seals_of(Ofd(data))


def seals_of(ofd: Ofd) -> SealReport:
    """The same for a package that is open already.  Raises Unreadable."""
    listing = text_at(ofd.body, "Signatures")
    if not listing:
        return SealReport(seals=(), uncovered=ofd.parts.names)
    path = resolve("OFD.xml", listing)
    covered = {path}
    found = ofd.tree(path).findall("Signature")
    places = dict.fromkeys(resolve(path, signature.get("BaseLoc", "")) for signature in found)
    if len(places) > MAX_SEALS:
        raise Unreadable(
            path,
            zh=f"签章超过 {MAX_SEALS} 个, 超出读取上限。",
            en=f"there are more seals than we read ({MAX_SEALS}).",
        )
    digesting = _Digesting(ofd)
    seals = [_checked(ofd, where, covered, digesting) for where in places]
    uncovered = tuple(name for name in ofd.parts.names if name not in covered)
    return SealReport(seals=tuple(seals), uncovered=uncovered)


class _Digesting:
    """Digests of parts, each taken once, however many seals list it."""

    def __init__(self, ofd: Ofd) -> None:
        self._parts = ofd.parts
        self._known: dict[tuple[str, Digesting], bytes] = {}

    def is_right(self, path: str, method: Digesting, expected: bytes) -> bool:
        if path not in self._parts:
            return False
        if (path, method) not in self._known:
            self._known[path, method] = method(self._parts.read(path))
        return self._known[path, method] == expected


def _checked(ofd: Ofd, where: str, covered: set[str], digesting: _Digesting) -> SealCheck:
    """One seal's sums; adds what it covers, and its own two parts, to ``covered``."""
    try:
        listed, tree = ofd.parts.read(where), ofd.tree(where)
        value = resolve(where, text_at(tree, "SignedValue"))
        method, digests = _listed_digests(tree, where)
        wrong = tuple(
            path for path, due in digests.items() if not digesting.is_right(path, method, due)
        )
        covered.update((where, value), digests)
        seal = _read_value(ofd.parts.read(value))
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
        has_seal=seal.has_seal,
    )


def _read_value(data: bytes) -> Seal:
    """A SignedValue.dat: a seal (GB/T 38540), or a signature alone (GB/T 35275).

    Raises:
        Unreadable: neither.
    """
    return read_signed_data(data) if is_signed_data(data) else read_seal(data)


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


def _decoded(text: str) -> bytes:
    """Base64 to bytes; nonsense is a digest that nothing has."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
