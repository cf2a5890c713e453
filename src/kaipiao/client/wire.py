"""The driver that waits: it does what a talk says, with threads for hedged look-ups."""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from kaipiao.client.members import Members
from kaipiao.client.problem import Problem, Unreachable
from kaipiao.client.question import Question, look_up, reads, send
from kaipiao.client.retry import Budget, Purse, Tries
from kaipiao.client.talk import (
    SICK,
    Heard,
    Policy,
    Rest,
    Send,
    Step,
    as_last_word,
    is_worth_asking_again,
    retry_after_s,
    talk,
)

if TYPE_CHECKING:  # loading it takes longer than most commands
    import httpx

T = TypeVar("T")


class Wire:
    """Connections to one cell, at one address or several, with one API key.  Thread-safe."""

    def __init__(self, urls: str | Sequence[str], key: str | None, *, budget: Budget) -> None:
        import httpx

        self.members = Members(urls)
        self.purse = Purse()
        self.budget = budget
        self.http = httpx.Client(**settings_of(self.members, key))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.http.close()

    def put(self, question: Question[T]) -> T:
        """Ask until answered.

        Raises:
            Problem: the server said no.
            Unreachable: no answer within the budget.
        """
        steps = talk(question, Policy(self.members, self.budget, self.purse))
        heard: Heard | None = None
        while True:
            try:
                step = steps.send(heard)
            except StopIteration as end:
                answer: T = end.value
                return answer
            heard = self._do(step)

    def _do(self, step: Step) -> Heard | None:
        if isinstance(step, Rest):
            time.sleep(step.seconds)
            return None
        return self._send(step.member, step.question) if step.hedge is None else self._race(step)

    def _send(self, member: str, question: Question[object]) -> Heard:
        import httpx

        began = time.monotonic()
        try:
            answer = self.http.request(*call_of(member, question), **parts_of(question))
        except httpx.TransportError as error:
            return Heard(member, None, why_of(error))
        return Heard(member, answer, took_s=time.monotonic() - began)

    def _race(self, step: Send) -> Heard:
        """Ask the second member when the first is late; the first good answer is the answer.

        A thread cannot be cancelled: the slower one ends by itself, and nobody listens.
        """
        assert step.hedge is not None
        said: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._start(step.member, step.question, said)
        try:
            return said.get(timeout=step.hedge.after_s)
        except queue.Empty:
            if not step.hedge.may():
                return said.get()
        self._start(step.hedge.member, step.question, said)
        first = said.get()
        return first if first.is_good else said.get()

    def _start(
        self, member: str, question: Question[object], said: "queue.SimpleQueue[Heard]"
    ) -> None:
        def ask() -> None:
            try:
                said.put(self._send(member, question))
            except Exception as error:  # the client was closed, or the address is none: say so
                said.put(Heard(member, None, why_of(error)))

        threading.Thread(target=ask, daemon=True, name="kaipiao-look-up").start()

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: bytes | None = None,
        key: str | None = None,
        once: bool = False,
    ) -> "httpx.Response":
        """``put`` for an answer that is wanted as it is; look-ups and calls with a key may be
        asked again, for anything else say ``once``.
        """
        return self.put(Question(method, path, _as_it_is, params, body, key, once))

    def stream(self, path: str, params: dict[str, str]) -> Iterator[bytes]:
        """A long answer in pieces; asked again only until its first byte.

        Raises:
            Problem: the server said no.
            Unreachable: no answer within the budget, or it was cut off in the middle.
        """
        import httpx

        tries, begun = Tries(self.budget, self.purse), False
        while True:
            member = self.members.current
            try:
                with self.http.stream("GET", member + path, params=params) as answer:
                    if answer.status_code < 400:
                        tries.succeeded()
                        for piece in answer.iter_bytes():
                            begun = True
                            yield piece
                        return
                    problem = Problem(answer.status_code, answer.read())
            except httpx.TransportError as error:
                self.members.fell_silent(member)
                if begun or not tries.pause():
                    raise Unreachable(why_of(error)) from error
                continue
            if not is_worth_asking_again(answer.status_code, problem):
                raise problem
            if answer.status_code in SICK:
                self.members.fell_silent(member)
            if not tries.pause(retry_after_s(answer)):
                raise as_last_word(answer.status_code, problem)

    def get(self, path: str, kind: type[T], **params: str | None) -> T:
        return self.put(look_up(path, kind, **params))

    def send(
        self,
        path: str,
        kind: type[T],
        value: object,
        *,
        method: str = "POST",
        key: str | None = None,
    ) -> T:
        return self.put(send(path, kind, value, method=method, key=key))


def settings_of(members: Members, key: str | None) -> dict[str, Any]:
    """The same for both kinds of httpx client."""
    import httpx

    headers = {"user-agent": "kaipiao-client/1"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    patience = members.patience
    return {
        "headers": headers,
        "timeout": httpx.Timeout(patience.answer_s, connect=patience.connect_s),
        "trust_env": False,  # a proxy meant for web pages would see every invoice
    }


def call_of(member: str, question: Question[object]) -> tuple[str, str]:
    return question.method, member + question.path


def parts_of(question: Question[object]) -> dict[str, Any]:
    return {"params": question.params, "content": question.body, "headers": question.headers}


def why_of(error: Exception) -> str:
    return str(error) or type(error).__name__


def _as_it_is(answer: "httpx.Response") -> "httpx.Response":
    return answer


def decode(answer: "httpx.Response", kind: type[T]) -> T:
    """Read an answer.  What cannot be read is no answer, so the outcome is unknown."""
    return reads(kind)(answer)
