"""How much may be asked of a vendor: so many invoices a second, a second's worth at once.  Pure."""


class Allowance:
    """What was spent is paid back by time.  While there is a debt, nothing new is asked."""

    def __init__(self, per_second: float, now: float) -> None:
        assert per_second > 0
        self._per_second = per_second
        self._left = per_second
        self._told = now

    def wait_s(self, now: float) -> float:
        """How long to wait before the next question; 0: ask now."""
        self._advance(now)
        return max(0.0, -self._left / self._per_second)

    def spend(self, invoices: int, now: float) -> None:
        self._advance(now)
        self._left -= invoices

    def _advance(self, now: float) -> None:
        passed_s = max(0.0, now - self._told)
        self._left = min(self._per_second, self._left + passed_s * self._per_second)
        self._told = max(now, self._told)
