"""The page shows what the journal says, in one language, and believes none of its words."""

import xml.etree.ElementTree as ET

import msgspec
import pytest

from kaipiao.continuity.drill.history import Second
from kaipiao.continuity.drill.journal import Journal, Taken, render
from kaipiao.continuity.drill.page import Language, render_page
from kaipiao.continuity.drill.picture import draw


@pytest.fixture
def journal() -> Journal:
    return Journal(
        drill="kill-postgres",
        zh="主库进程被 kill -9",
        en="kill -9 of PostgreSQL",
        stage="one cell",
        version="1",
        began_at="2026-11-25T00:00:00+00:00",
        seed=1,
        held=False,
        recovery_s=1.5,
        longest_silence_s=1.75,
        limit_s=5.0,
        acknowledged=1234,
        acknowledged_lost=0,
        duplicates=0,
        gaps=0,
        overdrawn=0,
        root_extends=True,
        steady_before=True,
        steady_after=True,
        took_s=9.0,
        steps=[
            Taken(at_s=2.0, zh="弄坏", en="break it", whom="<script>n1", counts=True),
            Taken(at_s=5.0, zh="复原", en="put back"),
        ],
        findings=["lost: <b>one</b>"],
        answers={"yes": 1234},
        load=[Second(100, 12.0), Second(90, 15.0), Second(0, 0.0), Second(110, 1600.0)],
    )


@pytest.mark.parametrize(("language", "word"), [("zh", "最长静默"), ("en", "Longest silence")])
def test_the_page_speaks_one_language(journal: Journal, language: Language, word: str) -> None:
    page = render_page([journal], language).decode()
    other = "Longest silence" if language == "zh" else "最长静默"

    assert word in page
    assert other not in page
    assert "1.50 s" in page
    assert "1.75 s" in page
    assert "1,234" in page


def test_what_the_journal_says_is_text_and_no_markup(journal: Journal) -> None:
    page = render_page([journal], "en").decode()

    assert "<script" not in page
    assert "<b>one" not in page
    assert "&lt;b&gt;one&lt;/b&gt;" in page


def test_the_picture_has_a_bar_a_second_and_a_mark_a_step(journal: Journal) -> None:
    picture = ET.fromstring(draw(journal, "en").partition("<p ")[0])
    kinds = [one.get("class") for one in picture.iter()]

    assert (kinds.count("bar"), kinds.count("mark"), kinds.count("mend")) == (4, 1, 1)
    assert kinds.count("out") == 1, "the silence is shaded"


def test_a_drill_in_which_nobody_was_ever_told_yes_is_drawn_too(journal: Journal) -> None:
    silent = msgspec.structs.replace(journal, load=[], recovery_s=None, steps=[])

    assert b"<svg" in render_page([silent], "zh")


def test_several_drills_begin_with_a_table_of_all(journal: Journal) -> None:
    other = msgspec.structs.replace(journal, drill="kill-node", held=True, findings=[])
    page = render_page([journal, other], "en").decode()

    assert page.index("<table><tr><th>drill") < page.index("<svg")
    assert page.count("<svg") == 2


def test_the_journal_has_the_keys_that_scripts_read(journal: Journal) -> None:
    told = msgspec.json.decode(render(journal))
    wanted = "recovery_s acknowledged acknowledged_lost duplicates gaps root_extends steps"

    assert set(wanted.split()) <= told.keys()
