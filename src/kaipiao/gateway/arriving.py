"""Bodies on their way in: bounded in sum for one process.

A body is kept until it is whole, and one caller may send a large one slowly.  Thousands who do
would fill the memory, so whoever's next piece is too much is told to come back.  Most bodies
arrive in one piece and are never counted.
"""

from types import TracebackType

from kaipiao.gateway.refusals import Busy


class Arriving:
    """The sum for one process."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self.bytes = 0

    def share(self) -> "Share":
        return Share(self)

    def take(self, size: int) -> None:
        """``size`` more, or fewer if below zero.  Raises Busy: there is no room."""
        if size > 0 and self.bytes + size > self._max:
            raise Busy
        self.bytes += size


class Share:
    """What one caller holds of it, until the block ends."""

    def __init__(self, whole: Arriving) -> None:
        self._whole = whole
        self._held = 0

    def hold(self, size: int) -> None:
        """So much is kept now.  Raises Busy: that is too much, and what was kept still is."""
        self._whole.take(size - self._held)
        self._held = size

    def __enter__(self) -> "Share":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hold(0)
