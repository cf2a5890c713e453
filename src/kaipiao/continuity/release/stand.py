"""Where each member of a cluster stands in a release, and what may be done next.  Pure.

The members take a release one after another, so for a while old and new work side by side on one
database.  Two things must never be: an old program after the ``post`` migrations, and two new ones.
"""

from collections.abc import Iterable, Sequence

import msgspec

from kaipiao.continuity.release.current import Current, ReleaseRefused

Reason = tuple[str, str]


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """One member, by its own words.  ``leads``: it writes the evidence log.

    ``trouble`` is why its machine was not heard; None: it was.
    """

    member: str
    current: Current | None = None
    runs: bool = False
    leads: bool = False
    trouble: str | None = None

    @property
    def state(self) -> str:
        return self.current.state if self.current else "none"

    @property
    def python(self) -> str:
        """The program that is current there; empty: the one with which it was started."""
        return self.current.program.python if self.current else ""


def in_turn(stands: Iterable[Stand], *, primary: str | None) -> list[Stand]:
    """Those who could be missed first, then the primary's member, and last who leads the log: so
    its lead moves once, to a member that has had its turn.
    """
    return sorted(stands, key=lambda one: (one.leads, one.member == primary, one.member))


def to_apply(stands: Sequence[Stand], python: str) -> list[Stand]:
    """Who does not run ``python`` yet.  Where the way back from it is closed, it runs.

    Raises:
        ReleaseRefused: every reason why the release cannot go on.
    """
    reasons = [reason for one in stands for reason in _not_there(one)]
    others = [one for one in stands if one.python != python]
    reasons += [_another(one) for one in others if one.state == "open"]
    reasons += [_finishing(one) for one in others if one.state == "finishing"]
    if reasons:
        raise ReleaseRefused(*reasons)
    return others


def to_roll_back(stands: Sequence[Stand]) -> list[Stand]:
    """Whose release is open; a cell that does not run goes back as well.

    Raises:
        ReleaseRefused: the way back is closed somewhere or nobody can tell, or nothing is open.
    """
    reasons = [_unheard(one) for one in stands if one.trouble is not None]
    reasons += [_finishing(one) for one in stands if one.state == "finishing"]
    found = [one for one in stands if one.state == "open"]
    if not found and not reasons:
        reasons.append(
            ("没有成员有未完成的发布", "no release is open on any member: nothing to go back from")
        )
    if reasons:
        raise ReleaseRefused(*reasons)
    return found


def to_finish(stands: Sequence[Stand]) -> list[Stand]:
    """Whose release is not finished.

    Raises:
        ReleaseRefused: an older program runs somewhere, or nothing is to be finished.
    """
    unfinished = [one for one in stands if one.state in ("open", "finishing")]
    programs = {one.python for one in unfinished}
    reasons = [reason for one in stands for reason in _not_there(one)]
    reasons += [
        _behind(one)
        for one in stands
        if one.trouble is None and programs and (len(programs) > 1 or one.python not in programs)
    ]
    if not unfinished and not reasons:
        reasons.append(
            (
                "没有未完成的发布; 请先 kaipiao release apply PROGRAM FILE",
                "no release is open; begin one with kaipiao release apply PROGRAM FILE",
            )
        )
    if reasons:
        raise ReleaseRefused(*reasons)
    return unfinished


def _not_there(one: Stand) -> list[Reason]:
    if one.trouble is not None:
        return [_unheard(one)]
    name = one.member
    if not one.runs:
        return [
            (
                f"{name}: 单元没有运行。在该机器上: kaipiao node up --member {name}; 然后再次执行, "
                f"或加 --without {name}",
                f"{name}: its cell does not run. On its machine: kaipiao node up --member {name}; "
                f"then type this again, or add --without {name}",
            )
        ]
    return []


def _unheard(one: Stand) -> Reason:
    name = one.member
    return (
        f"{name}: 无法得知其状态 ({one.trouble})。恢复后再次执行, 或加 --without {name}",
        f"{name}: nobody can tell how it stands ({one.trouble}). Bring it back and type this "
        f"again, or add --without {name}",
    )


def _another(one: Stand) -> Reason:
    return (
        f"{one.member}: {one.python} 的发布尚未完成; 请先 kaipiao release rollback 或 finish",
        f"{one.member}: the release of {one.python} is open there; first type kaipiao release "
        "rollback, or finish",
    )


def _finishing(one: Stand) -> Reason:
    return (
        f"{one.member}: 回退之路已关闭; 请执行 kaipiao release finish FILE --yes",
        f"{one.member}: the way back is closed there; type kaipiao release finish FILE --yes",
    )


def _behind(one: Stand) -> Reason:
    return (
        f"{one.member}: 运行的不是要完成的程序; 请先 kaipiao release apply PROGRAM FILE",
        f"{one.member}: does not run the program that is to be finished; first type kaipiao "
        "release apply PROGRAM FILE",
    )
