"""The end of a log that cannot be continued, said by itself and by the log that follows it.

A cell that was restored to less than it had published must not sign a second history with the
key of the first.  Its old log ends; a new one, with other keys and another name, begins with the
entries that are left.  The statement is an entry of the new log, so nobody can take it back:

    kaipiao log closed v1
    log kaipiao.example/31-1
    kept 1204711
    kept root nYqk…
    told 1204790
    told root 7cIW…
    lost at least 79
    new kaipiao.example/31-1/after-1
    at 2026-11-25T14:00:00Z
    reason the disks of both sites burned
    old key kaipiao.example/31-1+…
    new key kaipiao.example/31-1/after-1+…

The old key signs this text, which is no checkpoint, and nothing after it.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from kaipiao.evidence.algorithms import ML_DSA_44
from kaipiao.evidence.note import compose_note
from kaipiao.evidence.signing.identity import LogSigner

AFTER = re.compile(r"(.*)/after-([0-9]+)")
REASON_MAX = 150
"""Characters: it is an entry of the audit log, too."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes and roots (base64) of one log: what is left of it, and the most it ever told."""

    log: str
    kept: int
    kept_root: str
    told: int
    told_root: str


def origin_after(origin: str) -> str:
    """The name of the log that follows ``origin``."""
    found = AFTER.fullmatch(origin)
    return f"{found[1]}/after-{int(found[2]) + 1}" if found else f"{origin}/after-1"


def compose_closing(
    ending: Ending,
    *,
    old: Sequence[LogSigner],
    new: Sequence[LogSigner],
    at: datetime,
    reason: str,
    asked: Sequence[str] = (),
) -> str:
    """The signed statement; ``asked`` says of each witness what it had seen, or that it was silent.

    Raises:
        ValueError: the reason is empty, too long, or more than one line.
    """
    if not reason.strip() or len(reason) > REASON_MAX or not reason.isprintable():
        raise ValueError(f"a reason is one line of 1 to {REASON_MAX} characters")
    lines = [
        "kaipiao log closed v1",
        f"log {ending.log}",
        f"kept {ending.kept}",
        f"kept root {ending.kept_root}",
        f"told {ending.told}",
        f"told root {ending.told_root}",
        f"lost at least {max(0, ending.told - ending.kept)}",
        f"new {new[0].name}",
        f"at {at:%Y-%m-%dT%H:%M:%SZ}",
        f"reason {reason.strip()}",
        *(f"witness {line}" for line in asked),
        *(f"old key {signer.verifier}" for signer in old),
        *(f"new key {signer.verifier}" for signer in new),
    ]
    signers = [one for one in (*old, *new) if one.verifier.kind != ML_DSA_44]
    return compose_note("".join(f"{line}\n" for line in lines), signers)
