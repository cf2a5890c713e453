"""One request, asked until it is answered or the budget is spent."""

from collections.abc import Iterator
from types import TracebackType
from typing import TypeVar

import httpx
import msgspec

from kaipiao.client.problem import Problem, Unreachable
from kaipiao.client.retry import ONCE, Budget, Tries

CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 35.0
"""A little longer than the server's own patience, so that we hear what it says at its end."""

BUSY = frozenset({429, 502, 503, 504})
T = TypeVar("T")


class Wire:
    """A connection pool to one cell, with one API key."""

    def __init__(self, url: str, key: str | None, *, budget: Budget) -> None:
        headers = {"user-agent": "kaipiao-client/1"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        self.budget = budget
        self.http = httpx.Client(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=httpx.Timeout(ANSWER_WITHIN_S, connect=CONNECT_WITHIN_S),
            trust_env=False,  # a proxy meant for web pages would see every invoice
        )

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: bytes | None = None,
        key: str | None = None,
        once: bool = False,
    ) -> httpx.Response:
        """The answer, which is a success.  The same bytes and key go out at every try.

        Look-ups and calls with a key may be asked again; for anything else say ``once``.

        Raises:
            Problem: the server said no.
            Unreachable: no answer within the budget.
        """
        headers = {"content-type": "application/json"} if body is not None else {}
        if key is not None:
            headers["idempotency-key"] = key
        tries = Tries(ONCE if once else self.budget)
        while True:
            try:
                answer = self.http.request(
                    method, path, params=params, content=body, headers=headers
                )
            except httpx.TransportError as error:
                if not tries.pause():
                    raise Unreachable(str(error) or type(error).__name__) from error
                continue
            if answer.status_code < 400:
                return answer
            problem = Problem(answer.status_code, answer.content)
            if not is_worth_asking_again(answer.status_code, problem):
                raise problem
            if not tries.pause(retry_after_s(answer)):
                raise as_last_word(answer.status_code, problem)

    def stream(self, path: str, params: dict[str, str]) -> Iterator[bytes]:
        """A long answer in pieces; asked again only until its first byte.

        Raises:
            Problem: the server said no.
            Unreachable: no answer within the budget, or it was cut off in the middle.
        """
        tries, begun = Tries(self.budget), False
        while True:
            try:
                with self.http.stream("GET", path, params=params) as answer:
                    if answer.status_code < 400:
                        for piece in answer.iter_bytes():
                            begun = True
                            yield piece
                        return
                    problem = Problem(answer.status_code, answer.read())
            except httpx.TransportError as error:
                if begun or not tries.pause():
                    raise Unreachable(str(error) or type(error).__name__) from error
                continue
            if not is_worth_asking_again(answer.status_code, problem):
                raise problem
            if not tries.pause(retry_after_s(answer)):
                raise as_last_word(answer.status_code, problem)

    def get(self, path: str, kind: type[T], **params: str | None) -> T:
        given = {name: value for name, value in params.items() if value is not None}
        return decode(self.ask("GET", path, params=given), kind)

    def send(
        self,
        path: str,
        kind: type[T],
        value: object,
        *,
        method: str = "POST",
        key: str | None = None,
    ) -> T:
        return decode(self.ask(method, path, body=msgspec.json.encode(value), key=key), kind)


def is_worth_asking_again(status: int, problem: Problem) -> bool:
    """A busy or broken server; never a refusal, unless it says so itself."""
    return status in BUSY or problem.retryable


def as_last_word(status: int, problem: Problem) -> Problem | Unreachable:
    """What to raise when the budget is spent: an outage is unknown, a limit is a refusal."""
    return Unreachable(str(problem)) if status >= 500 else problem


def retry_after_s(answer: httpx.Response) -> float | None:
    """Whole seconds, as our servers say it; a date is not worth reading."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def decode(answer: httpx.Response, kind: type[T]) -> T:
    """Read an answer.  What cannot be read is no answer, so the outcome is unknown."""
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError as error:
        raise Unreachable(f"an answer that cannot be read: {error}") from error
