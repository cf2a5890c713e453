"""How fast each caller may ask: one bucket of tokens a key, told in every answer.

The headers are those of draft-ietf-httpapi-ratelimit-headers: ``RateLimit-Policy`` says what
the limit is, ``RateLimit`` what is left of it.  Buckets are this process's own.
"""

import math
import time

from kaipiao.gateway.refusals import TooManyRequests

CALLERS_MAX = 20_000
Header = tuple[bytes, bytes]


class Rates:
    """Buckets of ``burst`` tokens that fill by ``rate_per_s``, one for each caller."""

    def __init__(self, *, rate_per_s: float, burst: int) -> None:
        self._rate = rate_per_s
        self._burst = burst
        self._full_at: dict[str, float] = {}
        window_s = max(1, math.ceil(burst / rate_per_s))
        self.policy = f'"default";q={burst};w={window_s}'.encode()
        self._policy = (b"ratelimit-policy", self.policy)

    def take(self, caller: str, *, tokens: int = 1) -> None:
        """Take ``tokens`` from the caller's bucket.

        Raises:
            TooManyRequests: there are too few; none was taken.
        """
        wait_s = self.wait_s(caller, tokens=tokens)
        if wait_s > 0:
            raise TooManyRequests(retry_after_s=math.ceil(wait_s))
        self.charge(caller, tokens=tokens)

    def spend(self, caller: str, now: float) -> tuple[int, int]:
        """Take one token, and say what ``headers`` would: how many are left, and in how many
        seconds the bucket is full.  −1 left: there was none, and none was taken.

        ``take`` and ``headers`` in one look at the clock, for the express way.
        """
        rate, full_at = self._rate, self._full_at.get(caller, 0.0)
        full_in_s = (full_at - now if full_at > now else 0.0) + 1 / rate
        left = self._burst - full_in_s * rate
        if left < 0 or full_at == 0.0:  # nothing left, or a caller to be remembered first
            return -1, 0
        self._full_at[caller] = now + full_in_s
        return int(left), math.ceil(full_in_s)

    def wait_s(self, caller: str, *, tokens: int) -> float:
        """How long until the bucket holds ``tokens``, or is full if it never can."""
        missing = (self._full_at.get(caller, 0.0) - time.monotonic()) * self._rate
        return max(0.0, (missing + min(tokens, self._burst) - self._burst) / self._rate)

    def charge(self, caller: str, *, tokens: int) -> None:
        """Take ``tokens``, whether they are there or not; below zero, give them back."""
        now = time.monotonic()
        if caller not in self._full_at and len(self._full_at) >= CALLERS_MAX:
            self._forget_idle(now)
        self._full_at[caller] = max(now, self._full_at.get(caller, 0.0)) + tokens / self._rate

    def headers(self, caller: str) -> tuple[Header, Header]:
        """What the caller has left, and in how many seconds the bucket is full again."""
        full_in_s = max(0.0, self._full_at.get(caller, 0.0) - time.monotonic())
        left = max(0, self._burst - math.ceil(full_in_s * self._rate))
        return self.told(left, math.ceil(full_in_s))

    def told(self, left: int, full_in_s: int) -> tuple[Header, Header]:
        """The headers that say so."""
        return self._policy, (b"ratelimit", b'"default";r=%d;t=%d' % (left, full_in_s))

    def _forget_idle(self, now: float) -> None:
        """Full buckets need no memory.  If all are in use, forgive everyone rather than grow."""
        self._full_at = {name: at for name, at in self._full_at.items() if at > now}
        if len(self._full_at) >= CALLERS_MAX:
            self._full_at.clear()
