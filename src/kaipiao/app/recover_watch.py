"""Recovery without a person: looked at again and again; what is new is said, what is safe is done.

``node up`` does this for its own machine's cell, and ``kaipiao recover --watch`` for whatever it
is given.  The pace and the breaker (``recovery/breaker.py``) are what keeps it from storming.
"""

import asyncio
import logging
from collections.abc import Callable

from kaipiao.app.folder import CellFolder
from kaipiao.app.recover import Recovery
from kaipiao.continuity.cluster.words import Sentence
from kaipiao.continuity.recovery.course import Course
from kaipiao.continuity.recovery.finding import Finding
from kaipiao.continuity.recovery.perform import perform
from kaipiao.continuity.recovery.plan import plan
from kaipiao.continuity.recovery.words import course_words, line_words, over_words

EVERY_S = 60.0
log = logging.getLogger(__name__)


class Watch:
    """``tell`` hears a finding when it is new and when it is over, and every act."""

    def __init__(self, recovery: Recovery, tell: Callable[[Sentence], None]) -> None:
        self._recovery = recovery
        self._tell = tell
        self._known: dict[tuple[str, str], Finding] = {}

    def once(self) -> None:
        """One look, and what follows from it.  Raises OSError: the journal cannot be written, so
        nothing was done."""
        seen = self._recovery.look()
        courses = plan(seen)
        self._tell_changes(courses)
        if not any(course.acts for course in courses):
            return
        recovery = self._recovery
        for line in perform(seen, recovery.look_again, recovery, recovery.write):
            if line.step.act:
                self._tell(line_words(line))

    def _tell_changes(self, courses: list[Course]) -> None:
        now = {(one.finding.kind, one.finding.about): one for one in courses}
        for key, finding in self._known.items():
            if key not in now:
                self._tell(over_words(finding))
        for key, course in now.items():
            if key not in self._known:
                for sentence in course_words(course):
                    self._tell(sentence)
        self._known = {key: course.finding for key, course in now.items()}


async def keep_recovering(folder: CellFolder, tell: Callable[[Sentence], None]) -> None:
    """This machine's cell, until cancelled.  Its standby mends itself (``cluster/mender.py``)."""

    def say(sentence: Sentence) -> None:
        log.warning("%s", sentence.en)
        tell(sentence)

    watch = Watch(Recovery(None, folder), say)
    while True:
        await asyncio.sleep(EVERY_S)
        if not folder.logs.exists():  # it has not been started yet
            continue
        try:
            await asyncio.to_thread(watch.once)
        except Exception:  # ours or the world's: the member runs on without its recovery
            log.exception("recovery could not look, or write down what it was to do")
