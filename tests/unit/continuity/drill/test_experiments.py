"""Every drill that is listed is whole: words in both languages, a limit, a moment to count from."""

import pytest

from kaipiao.continuity.drill.experiment import BY_NAME, EXPERIMENTS, NODE_S, Experiment


def test_names_are_not_used_twice() -> None:
    assert len(BY_NAME) == len(EXPERIMENTS)


@pytest.mark.parametrize("one", EXPERIMENTS, ids=lambda one: one.name)
def test_an_experiment_is_whole(one: Experiment) -> None:
    assert sum(step.counts for step in one.steps) == 1, "seconds are counted from one moment"
    assert one.limit_s > 0
    assert all((one.zh, one.en, *(word for step in one.steps for word in (step.zh, step.en))))


@pytest.mark.parametrize("one", [one for one in EXPERIMENTS if one.limit_s == NODE_S])
def test_a_fault_that_is_put_back_outlasts_its_limit(one: Experiment) -> None:
    lasting = ("kill-node", "cut", "cut-one-way", "slow-disk", "full-disk")
    held_s = [step.hold_s for step in one.steps if step.act in lasting]

    assert all(hold_s > one.limit_s for hold_s in held_s), "else putting it back is the recovery"
