"""A primary whose disk is full serves nobody: this hands over before, or ends it after.

Every second the member's disks are looked at.  While one is short (``room.py``):

    1. the ballast is removed once there is no more room than it holds, so that the rest can run
    2. Patroni is told that this member must not lead
    3. if it leads and an heir is fit: a switchover, in good order
    4. if it leads still and the disk is full: PostgreSQL is ended; the heirs elect one of them

Nothing acknowledged is lost by 4: commits count on an heir (ADR-0022).  Without an heir, and
while failover is paused, it only speaks.
"""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kaipiao.continuity.cluster import room_words
from kaipiao.continuity.cluster.acts import ActRefused
from kaipiao.continuity.cluster.places import Home
from kaipiao.continuity.cluster.reserve import MIB, Reserve
from kaipiao.continuity.cluster.room import Room, Tags, heirs, measure, shortest, tags_of
from kaipiao.continuity.cluster.view import ClusterView
from kaipiao.continuity.cluster.words import Sentence
from kaipiao.ledger.embedded.survivors import signal_server

LOOK_EVERY_S = 1.0
END_AFTER_S = 4.0
"""So long a switchover may take on a full disk before PostgreSQL is ended."""

END_AGAIN_S = 15.0
ASK_AGAIN_S = 5.0
"""After a switchover that was refused."""

SAY_AGAIN_S = 60.0
WHY = "its disk is nearly full"
log = logging.getLogger(__name__)


class Patroni(Protocol):
    """What the guard asks of it; each raises ActRefused or OSError, and is asked again."""

    def look(self) -> ClusterView: ...

    def set_tags(self, tags: Tags) -> None: ...

    def switch_over(self, why: str) -> None: ...


class DiskGuard:
    """Watches over one member's ``home``; ``tell`` hears what is done without being asked."""

    def __init__(
        self,
        name: str,
        home: Home,
        reserve: Reserve,
        patroni: Patroni,
        *,
        tell: Callable[[Sentence], None],
    ) -> None:
        self._name = name
        self._home = home
        self._reserve = reserve
        self._patroni = patroni
        self._tell = tell
        self._is_short = False
        self._tags: Tags = {}
        self._led_since: float | None = None
        self._switching: asyncio.Task[None] | None = None
        self._not_before: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._once()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            if self._switching is not None:
                self._switching.cancel()

    async def _once(self) -> None:
        rooms = await asyncio.to_thread(self._measure)
        if not rooms:
            return
        room = shortest(rooms, self._reserve)
        self._notice(room)
        self._keep_ballast(room)
        if not self._is_short:
            self._led_since = None
            await self._tag({})
            return
        view = await asyncio.to_thread(self._patroni.look)
        await self._tag(tags_of(view, self._name, is_short=True))
        self._hand_over(view, room)

    def _measure(self) -> list[Room]:
        """Of those that can be measured: a disk that is gone is a fault of another kind."""
        rooms: list[Room] = []
        for path in (self._home.postgres, self._home.cell):
            with contextlib.suppress(OSError):
                rooms.append(measure(path))
        return rooms

    def _notice(self, room: Room) -> None:
        before = self._is_short
        self._is_short = room.is_short(self._reserve, was_short=before)
        if self._is_short != before:
            needed = self._reserve.of(room.total_bytes)
            self._say(room_words.short(room, needed, is_short=self._is_short))

    def _keep_ballast(self, room: Room) -> None:
        """There while there is room, gone when there is no more than it would give."""
        size = self._reserve.ballast_mb * MIB
        ballast = self._home.ballast
        with contextlib.suppress(OSError):  # too full to make one after all: nothing is lost
            if room.free_bytes < size and ballast.exists():
                ballast.unlink()
                self._say(room_words.ballast(self._reserve.ballast_mb))
            elif size and not self._is_short and not ballast.exists():
                make_ballast(ballast, size)

    async def _tag(self, tags: Tags) -> None:
        if tags == self._tags:
            return
        try:
            await asyncio.to_thread(self._patroni.set_tags, tags)
        except (ActRefused, OSError) as error:
            log.warning("Patroni could not be told of the disk: %s; trying again", error)
        else:
            self._tags = tags

    def _hand_over(self, view: ClusterView, room: Room) -> None:
        """If it leads: ask, and if that does not help a full one, end it."""
        if view.leader != self._name:
            self._led_since = None
            return
        if view.is_paused or not (fit := heirs(view, self._name)):
            self._now_and_then("stay", lambda: self._say(room_words.stays(view.is_paused)))
            return
        self._led_since = self._led_since or time.monotonic()
        if self._switching is None or self._switching.done():
            self._now_and_then("ask", self._begin_switchover, every_s=ASK_AGAIN_S)
        late = time.monotonic() - self._led_since > END_AFTER_S
        if late and room.is_full(self._reserve):
            names = ", ".join(one.name for one in fit)
            self._now_and_then("end", lambda: self._end(names), every_s=END_AGAIN_S)

    def _begin_switchover(self) -> None:
        self._switching = asyncio.create_task(self._switch_over())

    async def _switch_over(self) -> None:
        self._say(room_words.hands_over(self._name))
        try:
            await asyncio.to_thread(self._patroni.switch_over, WHY)
        except (ActRefused, OSError) as refused:
            log.warning("the switchover did not succeed: %s", refused)

    def _end(self, names: str) -> None:
        if signal_server(self._home.data, signal.SIGQUIT):
            self._say(room_words.ended(self._name, names))

    def _now_and_then(
        self, what: str, act: Callable[[], None], *, every_s: float = SAY_AGAIN_S
    ) -> None:
        now = time.monotonic()
        if now >= self._not_before.get(what, now):
            self._not_before[what] = now + every_s
            act()

    def _say(self, sentence: Sentence) -> None:
        log.warning("%s", sentence.en)
        self._tell(sentence)


def make_ballast(path: Path, size_bytes: int) -> None:
    """A file that really takes the room.  Raises OSError: it does not fit; nothing is left.

    The folder is the database account's, who could have put a link there: EXCL follows none.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(handle, 0, size_bytes)
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(handle)
