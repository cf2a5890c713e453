"""The driver that awaits: it does what a talk says, on one event loop."""

import asyncio
import time
from collections.abc import Sequence
from typing import TypeVar

from kaipiao.client.members import Members
from kaipiao.client.question import Question
from kaipiao.client.retry import Budget, Purse
from kaipiao.client.talk import Heard, Policy, Rest, Send, Step, talk
from kaipiao.client.wire import call_of, parts_of, settings_of, why_of

T = TypeVar("T")


class AsyncWire:
    """As ``Wire``; a call that is cancelled leaves its outcome unknown, like any lost answer."""

    def __init__(self, urls: str | Sequence[str], key: str | None, *, budget: Budget) -> None:
        import httpx

        self.members = Members(urls)
        self.purse = Purse()
        self.budget = budget
        self.http = httpx.AsyncClient(**settings_of(self.members, key))

    async def close(self) -> None:
        await self.http.aclose()

    async def put(self, question: Question[T]) -> T:
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
            heard = await self._do(step)

    async def _do(self, step: Step) -> Heard | None:
        if isinstance(step, Rest):
            await asyncio.sleep(step.seconds)
            return None
        if step.hedge is None:
            return await self._send(step.member, step.question)
        return await self._race(step)

    async def _send(self, member: str, question: Question[object]) -> Heard:
        import httpx

        began = time.monotonic()
        try:
            answer = await self.http.request(*call_of(member, question), **parts_of(question))
        except httpx.TransportError as error:
            return Heard(member, None, why_of(error))
        return Heard(member, answer, took_s=time.monotonic() - began)

    async def _race(self, step: Send) -> Heard:
        """Ask the second member when the first is late; the first good answer is the answer,
        and the slower one is dropped.
        """
        assert step.hedge is not None
        asked = {asyncio.create_task(self._send(step.member, step.question))}
        try:
            done, _ = await asyncio.wait(asked, timeout=step.hedge.after_s)
            if not done and step.hedge.may():
                asked.add(asyncio.create_task(self._send(step.hedge.member, step.question)))
            return await _first_good(asked)
        finally:
            for task in asked:
                task.cancel()


async def _first_good(asked: set[asyncio.Task[Heard]]) -> Heard:
    """The first good answer, or the last bad one."""
    for coming in asyncio.as_completed(asked):
        heard = await coming
        if heard.is_good:
            break
    return heard
