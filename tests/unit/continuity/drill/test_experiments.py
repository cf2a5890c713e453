"""Every drill that is listed is whole: words in both languages, a limit, a moment to count from."""

import pytest

from kaipiao.continuity.drill.experiment import BY_NAME, EXPERIMENTS, Experiment


def test_names_are_not_used_twice() -> None:
    assert len(BY_NAME) == len(EXPERIMENTS)


@pytest.mark.parametrize("one", EXPERIMENTS, ids=lambda one: one.name)
def test_an_experiment_is_whole(one: Experiment) -> None:
    assert sum(step.counts for step in one.steps) == 1, "seconds are counted from one moment"
    assert one.limit_s > 0
    assert all((one.zh, one.en, *(word for step in one.steps for word in (step.zh, step.en))))
