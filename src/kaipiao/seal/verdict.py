"""Is a saved seal genuine?  Offline: statement, mark and, if given, the invoice's receipt."""

from base64 import b64decode
from typing import NamedTuple

import msgspec

from kaipiao.fiscal.seal import Statement, parse_statement
from kaipiao.seal.check import is_mark_good, seal_key

MAX_SEAL_BYTES = 1 << 20


class SavedMark(msgspec.Struct, frozen=True):
    vendor: str
    signature: bytes
    certificate: bytes


class SavedSeal(msgspec.Struct, frozen=True):
    """What ``kaipiao seal show --json`` and ``GET /v1/invoices/{number}/seal`` say."""

    number: str
    statement: str | None
    mark: SavedMark | None


class Judged(NamedTuple):
    """``faults`` is empty when the mark holds; each is one of ``FAULTS``."""

    faults: tuple[str, ...]
    said: Statement
    key_id: str
    algorithm: str


FAULTS: dict[str, tuple[str, str]] = {
    "not-signed": ("签名与陈述不符", "the signature is not by this key over this statement"),
    "other-key": ("签章密钥不是您指定的那个", "the key is not the one you named"),
    "other-number": ("陈述说的是另一张发票", "the statement is about another invoice"),
    "other-leaf": ("陈述中的叶与回执不符", "the statement's leaf is not the receipt's"),
    "other-place": ("陈述中的日志序号与回执不符", "the statement's place is not the receipt's"),
}


def parse_seal(data: bytes) -> SavedSeal:
    """Raises ValueError: it is no seal, or one that is still waited for."""
    if len(data) > MAX_SEAL_BYTES:
        raise ValueError(f"a seal has at most {MAX_SEAL_BYTES} bytes")
    seal = msgspec.json.decode(data, type=SavedSeal)
    if seal.statement is None or seal.mark is None:
        raise ValueError("there is no mark in it: the invoice was not sealed when it was saved")
    return seal


def judge(
    seal: SavedSeal, *, key_id: str = "", leaf: bytes | None = None, index: int | None = None
) -> Judged:
    """Every fault there is.

    ``key_id`` is the SHA-256 of the certificate you trust, ``leaf`` and ``index`` are a receipt's.

    Raises:
        ValueError: what it holds is no statement, or no certificate that we can check.
    """
    assert seal.statement is not None
    assert seal.mark is not None
    mark, statement = seal.mark, seal.statement.encode()
    said = parse_statement(statement)
    key = seal_key(mark.vendor, mark.certificate)
    checks = {
        "not-signed": is_mark_good(statement, mark.signature, mark.certificate),
        "other-key": not key_id or key.key_id == key_id,
        "other-number": said.number == seal.number,
        "other-leaf": leaf is None or b64decode(said.leaf) == leaf,
        "other-place": index is None or said.log_index == str(index),
    }
    faults = tuple(fault for fault, holds in checks.items() if not holds)
    return Judged(faults, said, key.key_id, key.algorithm)
