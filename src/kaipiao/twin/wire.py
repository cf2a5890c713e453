"""The wire between a process and its database: one statement goes out, one answer comes back.

A statement is a plain function on the tables: it happens wholly, at one instant, or not at all,
which is what a transaction promises.  Everything that can go wrong does so on the wire, before
or after that instant.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Wire(Protocol):
    async def ask(self, what: str, statement: Callable[[], T]) -> T:
        """Let the database do ``statement``; its answer, or the refusal it raised.

        Raises:
            Outage: no answer; whether it was done is unknown.
        """
        ...


class ShortWire:
    """Nothing goes wrong on it; others get their turn while the statement travels."""

    async def ask(self, what: str, statement: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        return statement()
