"""Latencies of one measurement, in buckets that can be added up: 2 % wide, the maximum exact."""

import math
from collections import Counter
from collections.abc import Iterable

import msgspec

WIDTH = 1.02
_LOG_WIDTH = math.log(WIDTH)


class Histogram(msgspec.Struct):
    """``buckets``: how many latencies were in [WIDTH**n, WIDTH**(n + 1)) microseconds."""

    buckets: dict[int, int]
    max_ms: float = 0.0

    @classmethod
    def of(cls, latencies_s: Iterable[float]) -> "Histogram":
        latencies = list(latencies_s)
        counts = Counter(_bucket(latency_s) for latency_s in latencies)
        return cls(dict(counts), max(latencies, default=0.0) * 1e3)

    @property
    def count(self) -> int:
        return sum(self.buckets.values())

    def ms(self, share: float) -> float:
        """The latency that ``share`` of all did not exceed; never told shorter than it was."""
        wanted, seen = math.ceil(self.count * share), 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return min(WIDTH ** (bucket + 1) / 1e3, self.max_ms)
        return 0.0

    def __add__(self, other: "Histogram") -> "Histogram":
        both = Counter(self.buckets)
        both.update(other.buckets)
        return Histogram(dict(both), max(self.max_ms, other.max_ms))


def _bucket(latency_s: float) -> int:
    return math.floor(math.log(max(latency_s * 1e6, 1.0)) / _LOG_WIDTH)
