"""What a load generator is told, and what it tells when it is done."""

import msgspec

from bench.histogram import Histogram


class Order(msgspec.Struct, kw_only=True):
    """What to do.  ``batch`` is drafts a request, 0: the single call; ``rate`` 0: closed loop."""

    port: int
    path: str
    drafts: str  # a file, one draft a line
    keys: str  # beginning of every key
    host: str = "127.0.0.1"
    tokens: list[str] = msgspec.field(default_factory=list)
    sellers: int = 0  # only the first so many drafts; 0: all
    batch: int = 0
    connections: int = 64
    rate: float = 0.0
    warm_s: float = 1.0
    measure_s: float = 3.0
    max_requests: int = 10_000_000


class Report(msgspec.Struct, kw_only=True):
    """What happened while measuring.  ``late_p99_ms`` is our own fault in the open loop."""

    requests: int
    invoices: int
    seconds: float
    latency: Histogram
    late_p99_ms: float
    user_us: float  # our own CPU, a request
    system_us: float

    @property
    def invoices_per_s(self) -> float:
        return self.invoices / self.seconds
