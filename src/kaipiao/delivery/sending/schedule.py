"""When a delivery is tried again: ten tries over three days, each with its own jitter.

The steps are those that Standard Webhooks recommends.  The jitter is drawn from the delivery's
name, so a burst that failed together does not come back together, and a repeat of a test does.
"""

import hashlib

WAITS_S = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""Before the second try, the third, … the tenth; 75 hours in all."""

MAX_TRIES = len(WAITS_S) + 1
JITTER = 0.2
"""Each wait is longer or shorter by up to this part of it."""

MAX_ASKED_S = 24 * 3600.0
"""A ``Retry-After`` is honoured up to here."""


def wait_s(delivery_id: str, tries: int, *, asked_s: float = 0.0) -> float | None:
    """Seconds from the end of try number ``tries`` to the next one; None if it was the last."""
    assert tries >= 1
    if tries >= MAX_TRIES:
        return None
    drawn = hashlib.sha256(f"{delivery_id}/{tries}".encode()).digest()
    share = int.from_bytes(drawn[:8], "big") / 2**64  # in [0, 1)
    jittered = WAITS_S[tries - 1] * (1 + JITTER * (2 * share - 1))
    return max(jittered, min(asked_s, MAX_ASKED_S))
