"""Drill after drill: one that fails loses nothing of the others, and may leave its lab behind."""

from collections.abc import Awaitable, Callable, Mapping

import pytest

from kaipiao.app.drill_series import Planned, drill_while_it_holds, plan
from kaipiao.continuity.drill.experiment import BY_NAME, Target
from kaipiao.continuity.drill.stage import Done, StageRefused

SOME = [BY_NAME["kill-node"], BY_NAME["cut-node"], BY_NAME["switchover"]]


class NothingCanBeDone:
    """A stage without a single act: every drill is refused at once."""

    name = "nowhere"
    acts: Mapping[str, Callable[[Target], Awaitable[Done]]] = {}


class Nowhere:
    stays = False
    stage = NothingCanBeDone()


def quiet(zh: str, en: str) -> None:
    pass


async def drill(left: list[Planned], *, keep: bool) -> tuple[Nowhere, list[str]]:
    scratch = Nowhere()
    found = drill_while_it_holds(scratch, left, keep=keep, say=quiet)  # type: ignore[arg-type]
    return scratch, [f"{one.drill} {one.held} {one.findings[0]}" async for one in found]


async def test_the_very_first_that_is_refused_says_so_and_is_no_journal() -> None:
    with pytest.raises(StageRefused):
        await drill(plan(SOME, 7), keep=False)


@pytest.mark.parametrize("keep", [False, True])
async def test_a_later_one_that_fails_is_a_journal_and_ends_its_lab(keep: bool) -> None:
    left = plan(SOME, 7)[1:]
    scratch, told = await drill(left, keep=keep)

    assert len(told) == 1
    assert told[0].startswith("cut-node False not judged")
    assert [one.experiment.name for one in left] == ["switchover"], "the next has a fresh lab"
    assert scratch.stays is keep


def test_each_try_has_a_seed_of_its_own() -> None:
    seeds = [one.seed for one in plan(SOME * 2, 7)]

    assert seeds == list(range(7, 13))
