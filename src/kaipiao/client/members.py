"""The addresses of one cell, and which of them answered last."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

KEPT = 128
KNOWN_FROM = 16
"""So many look-ups must have been timed before their times say anything."""
HEDGE_SHARE = 0.95
HEDGE_FIRST_S = 0.5
HEDGE_LEAST_S = 0.03


class Patience(NamedTuple):
    """How long one try may take."""

    connect_s: float
    answer_s: float


ALONE = Patience(connect_s=5.0, answer_s=35.0)
"""A little longer than the server's own patience, so that we hear what it says at its end."""

AMONG_SEVERAL = Patience(connect_s=1.0, answer_s=10.0)
"""A member that does not answer need not be waited for: another one may."""


class Members:
    """Thread-safe.  All of them are one cell: the same key means the same invoice at each."""

    def __init__(self, urls: str | Sequence[str]) -> None:
        given = [urls] if isinstance(urls, str) else list(urls)
        self.urls = tuple(dict.fromkeys(url.rstrip("/") for url in given))
        if not self.urls:
            raise ValueError("a client needs the address of at least one member")
        self._lock = threading.Lock()
        self._current = 0
        self._took: deque[float] = deque(maxlen=KEPT)

    @property
    def current(self) -> str:
        return self.urls[self._current]

    @property
    def patience(self) -> Patience:
        return ALONE if len(self.urls) == 1 else AMONG_SEVERAL

    def other(self, url: str) -> str | None:
        """The next after this one, if there is another."""
        after = self.urls[(self.urls.index(url) + 1) % len(self.urls)]
        return None if after == url else after

    def answered(self, url: str) -> None:
        self._current = self.urls.index(url)

    def fell_silent(self, url: str) -> None:
        """Go on with the next; of many calls that fail at one member only the first moves on."""
        with self._lock:
            if self.current == url:
                self._current = (self._current + 1) % len(self.urls)

    def note_look_up(self, took_s: float) -> None:
        self._took.append(took_s)

    @property
    def hedge_after_s(self) -> float:
        """When a look-up is late: slower than 19 of 20 were lately."""
        took = sorted(self._took)
        if len(took) < KNOWN_FROM:
            return HEDGE_FIRST_S
        return max(HEDGE_LEAST_S, took[int(len(took) * HEDGE_SHARE)])
