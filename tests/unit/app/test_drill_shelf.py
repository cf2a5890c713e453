"""A folder of series grows, and its report with it; what is no series stops it at once."""

from pathlib import Path

import pytest

from kaipiao.app.drill_shelf import SeriesShelf
from kaipiao.base.unreadable import Unreadable
from kaipiao.continuity.drill.experiment import BY_NAME
from kaipiao.continuity.drill.journal import Journal, compose_unjudged
from kaipiao.continuity.drill.series import parse_series


def journal(name: str) -> Journal:
    told = {"version": "1", "began_at": "2026-11-25T00:00:00+00:00"}
    return compose_unjudged(BY_NAME[name], "a lab", ValueError("no"), seed=1, **told)


def test_each_series_is_a_file_and_the_report_is_of_all(tmp_path: Path) -> None:
    first = SeriesShelf(tmp_path / "shelf")
    first.put([journal("cut-node")])
    first.put([journal("cut-node"), journal("switchover")])
    SeriesShelf(tmp_path / "shelf").put([journal("kill-node")])

    files = sorted((tmp_path / "shelf").glob("lab-*.json"))
    assert [len(parse_series(file.read_bytes()).journals) for file in files] == [2, 1]
    report = (tmp_path / "shelf" / "lab.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in report for name in ("cut-node", "switchover", "kill-node"))
    assert "3 drills, 0 held" in report
    assert (tmp_path / "shelf" / "lab.svg").read_text().count("<g ") == 3


def test_a_file_that_is_no_series_is_told_before_anything_is_broken(tmp_path: Path) -> None:
    (tmp_path / "lab-2026-11-25-1.json").write_text("[]")

    with pytest.raises(Unreadable, match="no series"):
        SeriesShelf(tmp_path)
