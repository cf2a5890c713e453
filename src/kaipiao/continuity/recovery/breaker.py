"""Recovery's own circuit breaker (熔断): what did not help twice does not help a third time.

A repair that is needed again and again hides its cause (a dying disk, a network that loses every
copy), and costs the primary a copy each time.
"""

from datetime import timedelta

from kaipiao.continuity.recovery.seen import Seen

WITHIN = timedelta(hours=1)
AT_MOST = {"reinit": 2, "drop-slot": 6, "empty-renditions": 6}
"""So often one act may be begun about one thing within ``WITHIN``."""


def is_tripped(seen: Seen, act: str, about: str) -> bool:
    """Whether ``act`` was begun too often of late to be begun once more."""
    begun = [
        done
        for done in seen.lately
        if (done.act, done.about) == (act, about) and seen.at - done.at < WITHIN
    ]
    return len(begun) >= AT_MOST[act]
