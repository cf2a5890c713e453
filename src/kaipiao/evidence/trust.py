"""Whom a verifier trusts: the keys of logs, and perhaps witnesses and a time-stamping authority."""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from kaipiao.evidence.grade import TimeTrust, WitnessTrust
from kaipiao.evidence.note import Note, Standing, VerifierKey, parse_vkey

KEYS_MAX = 1_000
"""Of one file: a log that changes its key every quarter has forty in ten years."""


class Trust(msgspec.Struct, frozen=True, eq=False):
    """Several keys, because a log that rotates its key is, to the formats, another log each time.

    Equal only to itself, so that what was judged may be remembered by whose trust it was.
    """

    keys: tuple[VerifierKey, ...]
    witnesses: WitnessTrust | None = None
    authority: TimeTrust | None = None

    def key_for(self, note: Note, origin: str) -> VerifierKey:
        """The key to judge a checkpoint by: one that signed it, else of its log, else any."""
        named = [key for key in self.keys if key.name == origin]
        signed = [key for key in named if key.standing(note) is Standing.SIGNED]
        return (signed or named or self.keys)[0]


@lru_cache(maxsize=64)
def trust_in(vkey: str) -> Trust:
    """Trust in one log and in nobody else.

    Raises:
        ValueError: if that is no verifier key.
    """
    return Trust((parse_vkey(vkey),))


def parse_vkeys(lines: Iterable[str]) -> tuple[VerifierKey, ...]:
    """Verifier keys, one a line; empty lines and those that begin with # are passed over.

    Raises:
        ValueError: if a line is none, or there is no key, or more than ``KEYS_MAX``.
    """
    stripped = [line.strip() for line in lines]
    keys = [parse_vkey(line) for line in stripped if line and not line.startswith("#")]
    if not 0 < len(keys) <= KEYS_MAX:
        raise ValueError(f"1 to {KEYS_MAX} verifier keys are wanted, here are {len(keys)}")
    return tuple(dict.fromkeys(keys))
