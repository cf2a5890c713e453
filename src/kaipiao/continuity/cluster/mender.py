"""A standby that is stuck mends itself (``stuck.py`` says when, and what is safe)."""

import asyncio
import logging
import time
from collections.abc import Callable

from kaipiao.continuity.cluster import acts, mend_words
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.kept import Kept
from kaipiao.continuity.cluster.movement import end_copiers, read_movement
from kaipiao.continuity.cluster.places import home_of
from kaipiao.continuity.cluster.secrets import PATRONI, login
from kaipiao.continuity.cluster.stuck import Step, Stuck
from kaipiao.continuity.cluster.view import ClusterView, look
from kaipiao.continuity.cluster.words import Sentence

LOOK_EVERY_S = 3.0
PATRONI_STOP_S = 20.0
"""A standby on which no commit counts: nothing is lost with a hard end."""

log = logging.getLogger(__name__)


class Mender:
    """Watches over one member; ``tell`` hears what is done without being asked."""

    def __init__(
        self,
        description: Description,
        member: Member,
        patroni: Kept,
        *,
        tell: Callable[[Sentence], None],
    ) -> None:
        self._description = description
        self._name = member.name
        self._home = home_of(description, member)
        self._patroni = patroni
        self._tell = tell
        self._stuck = Stuck(member.name)
        self._told: Step = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            view = await asyncio.to_thread(look, self._description)
            moved = await asyncio.to_thread(read_movement, self._home.data)
            step = self._stuck.look(view, moved, now_s=time.monotonic())
            await self._take(step, view)

    async def _take(self, step: Step, view: ClusterView) -> None:
        if step and step != self._told:
            self._say(mend_words.step(step, view.member(self._name).state))
        self._told = step
        if step == "restart":
            await self._patroni.end(PATRONI_STOP_S)
            await asyncio.to_thread(end_copiers, self._home.data)
        elif step == "rebuild":
            await asyncio.to_thread(self._rebuild)

    def _rebuild(self) -> None:
        """What is refused, or not answered, is tried again by the next turn of ``stuck.py``."""
        try:
            acts.reinit(self._description, login(self._home, PATRONI), self._name)
        except (acts.ActRefused, OSError) as error:
            log.warning("the data could not be copied anew: %s; trying again later", error)

    def _say(self, sentence: Sentence) -> None:
        log.warning("%s", sentence.en)
        self._tell(sentence)
