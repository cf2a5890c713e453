"""The change of a log's keys is an entry of the log itself.

The entry is 32 bytes like every other: a digest of a public statement, signed by the keys that go
and by the keys that come.  ML-DSA-44 signs trees only; it signs the tree that has this entry.

    kaipiao key change v1
    log kaipiao.example/31-1
    old kaipiao.example/31-1
    new kaipiao.example/31-1/2027q1
    after 1204711
    at 2027-01-04T01:00:00Z
    old key kaipiao.example/31-1+…
    new key kaipiao.example/31-1/2027q1+…
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from kaipiao.evidence.algorithms import ML_DSA_44
from kaipiao.evidence.note import compose_note
from kaipiao.evidence.signing.identity import LogSigner

_LEAF_HEAD = b"kaipiao announcement v1\n"
"""No invoice's leaf is made of bytes that begin so."""


def compose_change(
    *, log: str, old: Sequence[LogSigner], new: Sequence[LogSigner], after: int, at: datetime
) -> str:
    """The signed statement; ``after`` is the size of the log when it was made."""
    lines = [
        "kaipiao key change v1",
        f"log {log}",
        f"old {old[0].name}",
        f"new {new[0].name}",
        f"after {after}",
        f"at {at:%Y-%m-%dT%H:%M:%SZ}",
        *(f"old key {signer.verifier}" for signer in old),
        *(f"new key {signer.verifier}" for signer in new),
    ]
    signers = [one for one in (*old, *new) if one.verifier.kind != ML_DSA_44]
    return compose_note("".join(f"{line}\n" for line in lines), signers)


def announcement_leaf(text: str) -> bytes:
    """The entry of the log that commits to ``text``; 32 bytes."""
    return sha256(_LEAF_HEAD + text.encode()).digest()
