"""Everything stands on the paper, inside its box, and nothing lies on anything else."""

from itertools import pairwise

from hypothesis import given

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.code import draw_qr
from kaipiao.delivery.renditions.face.compose import compose_face
from kaipiao.delivery.renditions.face.layout import lay_out
from kaipiao.delivery.renditions.face.marks import CENTRE, Sheet, Text
from kaipiao.delivery.renditions.face.measure import width_mm
from kaipiao.fiscal.draft import Draft
from tests.strategies import lawful_draft, lawful_drafts, make_line, sampled_drafts
from tests.unit.delivery.renditions.invoices import source_of
from tests.unit.delivery.renditions.test_face import longest_draft

SHARE = {"left": 0.0, "center": 0.5, "right": 1.0}


def sheets_of(draft: Draft) -> tuple[Sheet, ...]:
    return lay_out(compose_face(source_of(draft)))


def spread(text: Text) -> tuple[float, float]:
    """Its left and its right end."""
    width = width_mm(text.text, text.size)
    left = text.x - SHARE[text.align] * width
    return left, left + width


def crossings(sheet: Sheet) -> list[tuple[Text, Text]]:
    """Pairs of texts of the box that lie on one another."""
    inside = [text for text in sheet.texts if paper.TOP < text.y < paper.BOTTOM]
    pairs = []
    for at, one in enumerate(inside):
        for other in inside[at + 1 :]:
            near = abs(one.y - other.y) < 0.8 * min(one.size, other.size)
            (left, right), (other_left, other_right) = spread(one), spread(other)
            if near and left < other_right - 0.01 and other_left < right - 0.01:
                pairs.append((one, other))
    return pairs


@given(lawful_drafts() | sampled_drafts())
def test_no_text_lies_on_another(draft: Draft) -> None:
    for sheet in sheets_of(draft):
        assert crossings(sheet) == []


@given(lawful_drafts() | sampled_drafts())
def test_every_text_stands_inside_the_frame(draft: Draft) -> None:
    for sheet in sheets_of(draft):
        for text in sheet.texts:
            left, right = spread(text)
            assert left >= 4.0, text
            assert right <= paper.WIDTH - 4.0, text
            assert 2.0 < text.y - CENTRE * text.size < paper.HEIGHT - 2.0, text


def test_the_longest_texts_stand_inside_too_and_clear_of_one_another() -> None:
    for lines in (1, 3, 20):
        for sheet in sheets_of(longest_draft(lines)):
            assert crossings(sheet) == []
            assert all(text.y < paper.HEIGHT - 1.0 for text in sheet.texts)
            assert all(spread(text)[1] <= paper.RIGHT + 0.5 for text in sheet.texts)


def test_the_largest_amounts_find_room() -> None:
    line = make_line(net_fen=99_999_999_999_99, quantity="", unit_price="")
    (sheet,) = sheets_of(lawful_draft(lines=(line,)))

    assert crossings(sheet) == []


def test_every_fact_bears_its_name_once() -> None:
    sheets = sheets_of(lawful_draft(lines=(make_line(),) * 40))
    rows = [text.field for sheet in sheets for text in sheet.texts if text.field[:4] == "row."]
    facts = {text.field: text.text for text in sheets[-1].texts if text.field}

    assert rows.count("row.0.金额") == 1
    assert rows.count("row.39.金额") == 1
    assert facts["number"] == "26311000000000000042"
    assert facts["gross"] == "¥4520.00"
    assert facts["totals.net"] == "¥4000.00"
    assert facts["buyer.name"] == "江苏虚构青禾科技有限公司"
    assert facts["issuer"] == "赵示例"


def test_pages_are_counted_only_where_there_are_several() -> None:
    def counts(draft: Draft) -> list[str]:
        texts = [text.text for sheet in sheets_of(draft) for text in sheet.texts]
        return [text for text in texts if text.startswith("共")]

    assert counts(lawful_draft()) == []
    assert counts(lawful_draft(lines=(make_line(),) * 20)) == ["共2页 第1页", "共2页 第2页"]


def test_a_code_is_square_and_its_runs_do_not_touch() -> None:
    code = draw_qr("01,32,,26311000000000000042,113.00,20261125,,ABCD")

    assert {run.x for run in code.runs if run.y == 0} >= {0, code.side - 7}
    assert all(run.x + run.length <= code.side for run in code.runs)
    for one, other in pairwise(code.runs):
        assert one.y < other.y or one.x + one.length < other.x
