"""Work that goes on to its end, whatever becomes of whoever asked for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from kaipiao.errors import Outage

_Result = TypeVar("_Result")

_going_on: set[asyncio.Task[Any]] = set()
"""The event loop alone would let go of a task that nobody waits for."""


async def finish(work: Coroutine[Any, Any, _Result], *, timeout_s: float) -> _Result:
    """The result of ``work``.  Neither our patience nor our own end stops it.

    Raises:
        Outage: no result within ``timeout_s``: unknown; the work goes on.
    """
    task = asyncio.ensure_future(work)
    _going_on.add(task)
    task.add_done_callback(_let_go)
    await asyncio.wait((task,), timeout=timeout_s)
    if not task.done():
        raise Outage("ledger")
    return task.result()


def _let_go(task: asyncio.Task[Any]) -> None:
    _going_on.discard(task)
    if not task.cancelled():
        task.exception()  # seen: the caller, if there still is one, gets it from result()
