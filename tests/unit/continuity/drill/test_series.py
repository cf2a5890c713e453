"""A series is kept whole, and its report and picture show every try, the missed ones too."""

import xml.etree.ElementTree as ET

import msgspec
import pytest

from kaipiao.continuity.drill.experiment import BY_NAME
from kaipiao.continuity.drill.history import Second
from kaipiao.continuity.drill.journal import Journal, Taken, compose_unjudged
from kaipiao.continuity.drill.panels import draw_panels
from kaipiao.continuity.drill.series import (
    Series,
    by_drill,
    parse_series,
    render_report,
    render_series,
)

TOLD = {"version": "1", "began_at": "2026-11-25T00:00:00+00:00"}


def journal(name: str, silence_s: float) -> Journal:
    empty = compose_unjudged(BY_NAME[name], "a lab", ValueError(), seed=1, **TOLD)
    return msgspec.structs.replace(
        empty,
        held=silence_s <= empty.limit_s,
        longest_silence_s=silence_s,
        acknowledged=100,
        findings=[] if silence_s <= empty.limit_s else [f"nobody heard a yes for {silence_s} s"],
        load=[Second(50, 10.0), Second(0, 0.0), Second(50, 900.0)],
        steps=[Taken(at_s=0.5, zh="弄坏", en="break it", counts=True)],
    )


@pytest.fixture
def series() -> Series:
    failed = compose_unjudged(BY_NAME["switchover"], "a lab", ValueError("no"), seed=1, **TOLD)
    tries = [journal("kill-node", 4.5), journal("cut-node", 12.25), journal("kill-node", 5.5)]
    return Series(machine="2 cores", journals=[*tries, failed])


def test_what_is_kept_is_read_again(series: Series) -> None:
    assert parse_series(render_series(series)) == series


def test_the_report_has_a_row_a_drill_with_every_try(series: Series) -> None:
    page = render_report([series, series], "lab.svg")

    assert "| kill-node | 10 | 4 of 4 | 4.50, 5.50, 4.50, 5.50 | 400 |" in page
    assert "| cut-node | 10 | 0 of 2 | **12.25**, **12.25** |" in page
    assert "| switchover | 5 | 0 of 2 | **not judged**" in page
    assert "8 drills, 4 held" in page
    assert "nobody heard a yes for 12.25 s" in page
    assert page.count("2 cores") == 2


def test_the_picture_has_a_panel_a_drill_and_a_line_a_try(series: Series) -> None:
    picture = ET.fromstring(draw_panels(by_drill(series.journals)))
    space = "{http://www.w3.org/2000/svg}"

    assert len(picture.findall(f"{space}g")) == 3
    kinds = [one.get("class") for one in picture.iter(f"{space}polyline")]
    assert kinds == ["try", "try", "try missed"]
