"""How a method is written once for both clients: it makes a question, and its client asks it.

    @call
    def credit(self, seller: str) -> Question[CreditLine]: ...

    Client(...).credit("91…")         is a CreditLine
    await AsyncClient(...).credit("91…")    is one too

The type checker sees the same: parameters as written, answer or awaitable by the client's class.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from kaipiao.client.question import Pages, Question

P = ParamSpec("P")
T = TypeVar("T")


class Waiting:
    """A client whose calls come back with the answer."""

    def put(self, question: Question[T]) -> T:
        raise NotImplementedError

    def put_pages(self, pages: Pages[T]) -> Iterator[T]:
        place: str | None = pages.start
        while place is not None:
            items, place = self.put(pages.ask(place))
            yield from items


class Awaited:
    """A client whose calls are awaited."""

    async def put(self, question: Question[T]) -> T:
        raise NotImplementedError

    async def put_pages(self, pages: Pages[T]) -> AsyncIterator[T]:
        place: str | None = pages.start
        while place is not None:
            items, place = await self.put(pages.ask(place))
            for item in items:
                yield item


class call(Generic[P, T]):
    def __init__(self, function: Callable[Concatenate[Any, P], Question[T]]) -> None:
        self._function = function
        update_wrapper(self, function)  # type: ignore[arg-type]

    @overload
    def __get__(self, client: Waiting, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Awaited, kind: type) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, client: None, kind: type) -> "call[P, T]": ...
    def __get__(self, client: Any, kind: type) -> Any:
        if client is None:
            return self

        def ask(*given: P.args, **named: P.kwargs) -> Any:
            return client.put(self._function(client, *given, **named))

        return update_wrapper(ask, self._function)


class listing(Generic[P, T]):
    """The same for a list in pages: an iterator, or an asynchronous one."""

    def __init__(self, function: Callable[Concatenate[Any, P], Pages[T]]) -> None:
        self._function = function
        update_wrapper(self, function)  # type: ignore[arg-type]

    @overload
    def __get__(self, client: Waiting, kind: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, client: Awaited, kind: type) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, client: None, kind: type) -> "listing[P, T]": ...
    def __get__(self, client: Any, kind: type) -> Any:
        if client is None:
            return self

        def walk(*given: P.args, **named: P.kwargs) -> Any:
            return client.put_pages(self._function(client, *given, **named))

        return update_wrapper(walk, self._function)
