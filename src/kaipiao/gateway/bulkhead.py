"""A bounded room for calls being answered, so that one kind cannot drown another."""

from types import TracebackType

from kaipiao.gateway.refusals import Busy


class Bulkhead:
    """At most ``room`` calls inside at once; one more is told to come back."""

    def __init__(self, room: int) -> None:
        self._room = room
        self.inside = 0

    @property
    def is_full(self) -> bool:
        return self.inside >= self._room

    def __enter__(self) -> None:
        if self.is_full:
            raise Busy
        self.inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.inside -= 1
