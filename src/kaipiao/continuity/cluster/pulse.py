"""A program that runs and answers nobody is ended, so that it is started again.

Whoever keeps it alive sees only that its process is there.  A Patroni that hangs leads nobody and
follows nobody; an Envoy that hangs leads to nobody.  PostgreSQL is not touched: a new Patroni
finds it running.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple

from kaipiao.continuity.cluster.words import Sentence
from kaipiao.continuity.kept import Kept

ASK_EVERY_S = 2.0
ANSWER_WITHIN_S = 1.5

log = logging.getLogger(__name__)


class Patience(NamedTuple):
    """``silent_s`` without any answer, or ``unwell_s`` of answers that it is not well, are too
    long; counted from ``start_s`` after it was started at the earliest."""

    silent_s: float
    unwell_s: float
    start_s: float


PATRONI = Patience(silent_s=30.0, unwell_s=120.0, start_s=60.0)
"""It says that it is not well while it starts or stops PostgreSQL, which takes what it takes; and
it answers nobody at its start until its store does."""

ROUTE = Patience(silent_s=15.0, unwell_s=60.0, start_s=10.0)


class Pulse:
    """What was heard of one program, and whether that is enough.  Pure: the time is given."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._heard_s = self._well_s = float("-inf")

    def is_lost(self, answer: int | None, *, now_s: float, age_s: float) -> bool:
        """``answer`` is HTTP's status, None if nothing came; ``age_s`` since it was started."""
        if answer is not None:
            self._heard_s = now_s
        if answer == HTTPStatus.OK:
            self._well_s = now_s
        since_s = now_s - age_s + self._patience.start_s  # nothing is held against it before
        silent_s = now_s - max(self._heard_s, since_s)
        unwell_s = now_s - max(self._well_s, since_s)
        return silent_s > self._patience.silent_s or unwell_s > self._patience.unwell_s


async def watch(
    kept: Kept,
    patience: Patience,
    ask: Callable[[], int | None],
    tell: Callable[[Sentence], None],
    *,
    every_s: float = ASK_EVERY_S,
) -> None:
    """Until cancelled; ``ask`` may block, and gives what ``Pulse`` wants."""
    pulse = Pulse(patience)
    while True:
        await asyncio.sleep(every_s)
        answer = await asyncio.to_thread(ask)
        if kept.pid and pulse.is_lost(answer, now_s=time.monotonic(), age_s=kept.age_s):
            tell(lost(kept.name))
            kept.kill()  # it would not hear a gentler word


def lost(name: str) -> Sentence:
    return Sentence(
        f"{name} 在运行但不再应答: 已结束它, 随即重新启动。",
        f"{name} runs and no longer answers: it is ended and started again.",
    )


def status_of(url: str, context: ssl.SSLContext | None = None) -> int | None:
    """The status of a GET; None if there was no answer in time."""
    scheme, _, address, path = url.split("/", 3)
    line: HTTPConnection = (
        HTTPSConnection(address, timeout=ANSWER_WITHIN_S, context=context)
        if scheme == "https:"
        else HTTPConnection(address, timeout=ANSWER_WITHIN_S)
    )
    try:
        line.request("GET", f"/{path}")
        return line.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        line.close()
