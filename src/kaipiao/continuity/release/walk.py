"""A release on a cluster: member by member, old and new side by side, who leads the log last.

    apply      all well? → the next member's own ``apply`` → all well? → the next …
    rollback   the same way back, whatever is not well: that may be why
    finish     the way back is closed on every member, then ``post`` migrations, by the first

Nothing is remembered here: each turn asks every member how it stands.  So a walk that is cut off at
any point, by a Ctrl-C, a kill or the death of a member, goes on when it is typed again, and is
undone by ``rollback``.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.view import look
from kaipiao.continuity.release import stand as rules
from kaipiao.continuity.release.current import ReleaseRefused
from kaipiao.continuity.release.reach import Reach
from kaipiao.continuity.release.said import Said, done, step
from kaipiao.continuity.release.stand import Stand, in_turn
from kaipiao.continuity.release.well import until_well
from kaipiao.errors import Outage

BUSY_PAUSE_S = 2.0
"""An act that an earlier walk began, and was cut off from, is waited for."""


class Walk:
    """From member to member; ``without`` are left out: they are gone for good."""

    def __init__(
        self, description: Description, reach: Reach, *, without: Sequence[str] = ()
    ) -> None:
        for name in without:
            description.member(name)
        self._description = description
        self._reach = reach
        self._without = frozenset(without)
        self._busy: set[str] = set()

    @property
    def _members(self) -> list[Member]:
        return [one for one in self._description.with_data if one.name not in self._without]

    def stands(self) -> list[Stand]:
        """How each member stands, in the order in which they have their turns."""
        with ThreadPoolExecutor(max_workers=len(self._description.members)) as together:
            found = list(together.map(self._reach.stand, self._members))
        return in_turn(found, primary=look(self._description).leader)

    def apply(self, python: str) -> Iterator[Said]:
        """Raises ReleaseRefused, Outage: it stopped; who has had a turn runs ``python``."""
        while todo := rules.to_apply(self.stands(), python):
            self._check_well()
            names = ", ".join(one.member for one in todo)
            yield step(f"依次: {names}", f"in turn: {names}")
            yield from self._at(todo[0], "apply", python)
        self._check_well()
        file = self._description.file
        yield done(
            f"每个成员都运行 {python}。回退: kaipiao release rollback {file}; "
            f"确认无误后: kaipiao release finish {file} --yes",
            f"every member runs {python}. Back: kaipiao release rollback {file}; when you are "
            f"sure: kaipiao release finish {file} --yes",
        )

    def roll_back(self) -> Iterator[Said]:
        """Raises ReleaseRefused, Outage: it stopped; type it again."""
        todo = rules.to_roll_back(self.stands())
        while todo:
            yield from self._at(todo[0], "rollback")
            ills = until_well(self._description, self._without)
            yield from (step(zh, en) for zh, en in ills)
            todo = [one for one in self.stands() if one.state == "open"]
        yield done("所有成员已回退, 什么也没有丢失", "every member went back; nothing is lost")

    def finish(self) -> Iterator[Said]:
        """Raises ReleaseRefused, Outage: it stopped; type it again.

        First no member may go back any more, and only then is the schema changed for which the
        old program was not made.
        """
        todo = rules.to_finish(self.stands())
        self._check_well()
        while todo:
            opened = [one for one in todo if one.state == "open"]
            if opened:
                yield from self._at(opened[0], "finish", "--yes", "--close")
            else:
                yield from self._at(todo[0], "finish", "--yes")
            todo = [one for one in self.stands() if one.state in ("open", "finishing")]
        yield done("发布已在所有成员完成", "the release is finished on every member")

    def _check_well(self) -> None:
        """Raises ReleaseRefused: someone is not well, and the next one is not touched."""
        if ills := until_well(self._description, self._without):
            file = self._description.file
            raise ReleaseRefused(
                *ills,
                (
                    f"未触碰下一个成员。查看: kaipiao cluster status {file}; 修复后再次执行, "
                    f"或 kaipiao release rollback {file}",
                    f"the next member was not touched. Look: kaipiao cluster status {file}; mend "
                    f"it and type this again, or: kaipiao release rollback {file}",
                ),
            )

    def _at(self, one: Stand, *arguments: str) -> Iterator[Said]:
        """Its own act, with every step; or nothing yet, if it is still at one that an earlier
        walk began and was cut off from: then look again how it stands.

        Raises:
            ReleaseRefused, Outage: see ``apply``.
        """
        last = None
        for last in self._reach.act(self._description.member(one.member), *arguments):
            if not last.is_over:
                yield last
        if last is None or not last.is_over:
            raise Outage(one.member)
        if last.is_busy or not last.is_refused:
            yield Said(zh=last.zh, en=last.en, member=one.member)
        if last.is_busy:
            self._busy.add(one.member)
            time.sleep(BUSY_PAUSE_S)
        elif last.is_refused and not self._has_moved(one):
            raise _stopped(self._description, last)

    def _has_moved(self, one: Stand) -> bool:
        """Whether an act that was under way ended after we had looked: then there was nothing
        left to do, and that is no refusal.
        """
        now = self._reach.stand(self._description.member(one.member))
        return one.member in self._busy and (now.state, now.python) != (one.state, one.python)


def _stopped(description: Description, said: Said) -> ReleaseRefused:
    file, name = description.file, said.member
    return ReleaseRefused(
        (f"{name}: {said.zh}", f"{name}: {said.en}"),
        (
            f"已停在 {name}。各成员状态: kaipiao release status {file}; 纠正后再次执行会接着做, "
            f"或 kaipiao release rollback {file}",
            f"stopped at {name}. How each stands: kaipiao release status {file}; typed again it "
            f"goes on, or: kaipiao release rollback {file}",
        ),
    )
