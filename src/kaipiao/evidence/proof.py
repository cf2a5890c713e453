"""Receipts as text (回执, C2SP tlog-proof): everything a buyer needs to verify, offline, for ever.

    c2sp.org/tlog-proof@v1
    extra <base64 of the opening>
    index 73894
    <one hash a line, from the leaf's sibling up>

    <the signed checkpoint, verbatim>

The format carries no leaf.  ``extra`` holds our *opening*: the fields from which anyone can make
the leaf again (``fiscal.leaf``).  It is not trusted: a changed field makes another leaf, which is
not in the log.
"""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from kaipiao.base.canonical import Digest, canonical
from kaipiao.evidence.checkpoint import parse_size
from kaipiao.evidence.merkle import HASH_BYTES
from kaipiao.evidence.note import NOTE_CHARS_MAX, parse_base64
from kaipiao.fiscal.invoice import Amounts
from kaipiao.fiscal.leaf import SALT_BYTES, Leaf, leaf_of, microseconds
from kaipiao.fiscal.money import MAX_FEN, Fen
from kaipiao.fiscal.number import InvoiceNumber

MAGIC = "c2sp.org/tlog-proof@v1"
PATH_MAX = 63
EXTRA_CHARS_MAX = 4096
PROOF_CHARS_MAX = NOTE_CHARS_MAX + EXTRA_CHARS_MAX + 64 * PATH_MAX

_Fen = Annotated[int, msgspec.Meta(ge=-MAX_FEN, le=MAX_FEN)]


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a leaf was made of.  Whoever holds it knows these fields and nothing else."""

    number: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{20}\Z")]
    issued_at: Annotated[datetime, msgspec.Meta(tz=True)]
    net_fen: _Fen
    tax_fen: _Fen
    digest: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]  # of the canonical draft
    salt: Annotated[str, msgspec.Meta(pattern=rf"\A[0-9a-f]{{{2 * SALT_BYTES}}}\Z")]

    def leaf(self) -> Leaf:
        return leaf_of(
            InvoiceNumber(self.number),
            microseconds(self.issued_at),
            Amounts(Fen(self.net_fen), Fen(self.tax_fen)),
            Digest(bytes.fromhex(self.digest)),
            bytes.fromhex(self.salt),
        )


class Proof(msgspec.Struct, frozen=True):
    index: int
    path: tuple[bytes, ...]
    note: str  # the signed checkpoint
    extra: bytes | None = None


def compose_proof(proof: Proof) -> str:
    extra = [] if proof.extra is None else [f"extra {b64encode(proof.extra).decode()}"]
    path = [b64encode(node).decode() for node in proof.path]
    return "\n".join([MAGIC, *extra, f"index {proof.index}", *path, "", proof.note])


def parse_proof(text: str) -> Proof:
    """Read a proof; it proves nothing yet.

    Raises:
        ValueError: if this is no proof, or is larger than any of ours.
    """
    if len(text) > PROOF_CHARS_MAX:
        raise ValueError(f"a proof has at most {PROOF_CHARS_MAX} characters")
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines.pop(0) != MAGIC:
        raise ValueError(f"a proof begins with {MAGIC} and ends with a checkpoint")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = _parse_extra(lines.pop(0))
    if not lines or not lines[0].startswith("index "):
        raise ValueError("a proof says the index of its entry")
    index = parse_size(lines.pop(0).removeprefix("index "))
    return Proof(index, _parse_path(lines), note, extra)


def _parse_extra(line: str) -> bytes:
    if len(line) > EXTRA_CHARS_MAX:
        raise ValueError(f"extra data have at most {EXTRA_CHARS_MAX} characters")
    return parse_base64(line.removeprefix("extra "))


def _parse_path(lines: list[str]) -> tuple[bytes, ...]:
    if len(lines) > PATH_MAX:
        raise ValueError(f"a path has at most {PATH_MAX} hashes")
    path = tuple(parse_base64(line) for line in lines)
    if any(len(node) != HASH_BYTES for node in path):
        raise ValueError(f"a hash has {HASH_BYTES} bytes")
    return path


_opening_decoder = msgspec.json.Decoder(Opening)


def compose_opening(opening: Opening) -> bytes:
    """Its only spelling; the instant in UTC."""
    at = opening.issued_at.astimezone(UTC)
    return canonical(msgspec.structs.replace(opening, issued_at=at))


def parse_opening(extra: bytes) -> Opening:
    """Read the extra data of one of our receipts.

    One opening, one spelling: what two verifiers could read differently, neither takes.

    Raises:
        ValueError: if they are no opening (``msgspec.ValidationError`` is one).
    """
    opening = _opening_decoder.decode(extra)
    if opening.issued_at.utcoffset() or canonical(opening) != extra:
        raise ValueError("the fields of the leaf are not in their canonical spelling")
    return opening
