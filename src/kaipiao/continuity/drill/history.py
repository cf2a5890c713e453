"""When writes were acknowledged, and how long they were not.  Pure; in seconds of the drill."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class Ack(NamedTuple):
    """``issued`` new invoices were acknowledged by one answer."""

    asked_s: float
    heard_s: float
    issued: int = 1


class Second(NamedTuple):
    """One second of the load: how many, and how long an answer took (ms; the slowest)."""

    acknowledged: int
    slowest_ms: float


class Silence(NamedTuple):
    """From when, and for how long."""

    at_s: float
    lasts_s: float


def recovery_s(acks: Sequence[Ack], fault_s: float) -> float | None:
    """From the fault to the next acknowledged write that was asked for after it; None: never.

    An answer to an older question proves nothing: it may have been on the wire already.
    """
    after = [ack.heard_s for ack in acks if ack.asked_s >= fault_s]
    return round(min(after) - fault_s, 3) if after else None


def longest_silence(acks: Sequence[Ack], from_s: float, to_s: float) -> Silence:
    """The longest stretch between the two moments in which nobody heard a yes.

    A fault need not bite at once (a primary that was cut off may serve its own callers for a
    moment), so this is held against the same limit as the recovery.
    """
    heard = sorted(ack.heard_s for ack in acks)
    inside = heard[bisect_left(heard, from_s) : bisect_left(heard, to_s)]
    edges = [from_s, *inside, to_s]
    every = (Silence(round(a, 3), round(b - a, 3)) for a, b in pairwise(edges))
    return max(every, key=lambda one: one.lasts_s)


def by_second(acks: Sequence[Ack], until_s: float) -> list[Second]:
    """The load second by second, up to ``until_s``."""
    counts, slowest = [0] * (int(until_s) + 1), [0.0] * (int(until_s) + 1)
    for ack in acks:
        place = int(ack.heard_s)
        if place < len(counts):
            counts[place] += ack.issued
            slowest[place] = max(slowest[place], (ack.heard_s - ack.asked_s) * 1_000)
    return [Second(*pair) for pair in zip(counts, (round(ms, 1) for ms in slowest), strict=True)]
