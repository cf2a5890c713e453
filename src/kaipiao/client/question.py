"""One thing to ask a cell, as a value: whoever asks it, waiting or not, asks the same bytes."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import msgspec

from kaipiao.client.problem import Unreachable

if TYPE_CHECKING:  # loading it takes longer than most commands
    import httpx

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)


class Question(NamedTuple, Generic[T_co]):
    """``read`` makes the answer of a success.  The same key and bytes go out at every try.

    Look-ups and calls with a key may be asked again; anything else says ``once``.
    """

    method: str
    path: str
    read: "Callable[[httpx.Response], T_co]"
    params: Mapping[str, str] | None = None
    body: bytes | None = None
    key: str | None = None
    once: bool = False

    def then(self, make: "Callable[[T_co], U]") -> "Question[U]":
        """The same question, of whose answer something else is made."""
        read = self.read
        return Question(
            self.method,
            self.path,
            lambda answer: make(read(answer)),
            self.params,
            self.body,
            self.key,
            self.once,
        )

    @property
    def headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json"} if self.body is not None else {}
        return headers | ({"idempotency-key": self.key} if self.key is not None else {})

    @property
    def is_hedgeable(self) -> bool:
        """Only what changes nothing may be asked of two members at a time."""
        return self.method == "GET" and not self.once


class Pages(NamedTuple, Generic[T]):
    """A list that comes in pages: ``ask`` is the question for the page at a place, from
    ``start`` on until a page says that nothing comes after it (None).
    """

    start: str
    ask: "Callable[[str], Question[tuple[Sequence[T], str | None]]]"


def reads(kind: type[T]) -> "Callable[[httpx.Response], T]":
    """An answer as a ``kind``.  What cannot be read is no answer, so the outcome is unknown."""

    def read(answer: "httpx.Response") -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as error:
            raise Unreachable(f"an answer that cannot be read: {error}") from error

    return read


def look_up(path: str, kind: type[T], **params: str | None) -> Question[T]:
    given = {name: value for name, value in params.items() if value is not None}
    return Question("GET", path, reads(kind), params=given)


def send(
    path: str, kind: type[T], value: object, *, method: str = "POST", key: str | None = None
) -> Question[T]:
    return Question(method, path, reads(kind), body=msgspec.json.encode(value), key=key)
