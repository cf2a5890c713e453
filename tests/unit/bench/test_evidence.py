"""``./run bench evidence`` does what it says, if only for an instant, and tells it truly."""

import json
from pathlib import Path

import pytest

from bench.evidence import run
from bench.evidence.run import GOALS, Goal


def test_a_short_run_measures_everything_and_writes_it_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "evidence.json"
    told = run.main(["--quick", "--json", str(target), "--scratch", str(tmp_path)])
    found = json.loads(target.read_text())

    assert told in (0, 1)  # an instant tells no speed
    assert all(found[key] > 0 for key in GOALS)
    assert len(found["rounds"]) == 1
    assert found["machine"]["cores"] > 0
    assert "receipts/s verified" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["evidence.json"]


def test_a_goal_is_least_or_most() -> None:
    assert Goal("leaves", 100).is_reached(100)
    assert not Goal("leaves", 100).is_reached(99.9)
    assert Goal("cost", 15, is_most=True).is_reached(15)
    assert not Goal("cost", 15, is_most=True).is_reached(15.1)
    assert Goal("told").is_reached(0.0)
