"""The face of an invoice: everything is shown, nothing is cut, and the pages add up."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.compose import compose_face
from kaipiao.delivery.renditions.face.measure import width_mm, wrap
from kaipiao.delivery.renditions.face.parts import Face
from kaipiao.delivery.renditions.source import Imprint, Source
from kaipiao.fiscal.draft import Draft, Party
from kaipiao.fiscal.element import Passenger, ProducePurchase, Traveller
from kaipiao.fiscal.money import format_yuan, parse_yuan
from kaipiao.fiscal.price import net_unit_price
from kaipiao.fiscal.qr import read_qr
from kaipiao.fiscal.red_letter import LineTaken
from kaipiao.fiscal.settle import settle
from kaipiao.fiscal.words import read_words
from kaipiao.issuing.reverse import ReversalAsk, compose_red_draft
from tests.strategies import (
    DAY,
    PERSON,
    SELLER,
    lawful_draft,
    lawful_drafts,
    make_discount,
    make_line,
    sampled_drafts,
)
from tests.unit.delivery.renditions.invoices import issued, source_of

any_draft = lawful_drafts() | sampled_drafts()


def face_of(draft: Draft) -> Face:
    return compose_face(source_of(draft))


def shown(face: Face) -> str:
    """Every text of every row, the lines of a cell put together again."""
    rows = [row for page in face.pages for table in page.tables for row in table.rows]
    return "\n".join("".join(cell) for row in rows for cell in row.cells)


def red_letter_of(draft: Draft) -> Draft:
    taken = tuple(
        LineTaken(at, own.net_fen, own.tax_fen, own.net_fen, own.tax_fen)
        for at, own in enumerate(settle(draft))
    )
    ask = ReversalAsk(reason="01")
    return compose_red_draft(issued(draft), ask, taken, "26311126001000000001")


@given(any_draft)
def test_the_pages_subtotals_add_up_to_the_totals(draft: Draft) -> None:
    face = face_of(msgspec.structs.replace(draft, lines=draft.lines * 9))
    if len(face.pages) > 1:
        assert sum_of_subtotals(face) == face.totals.net


def sum_of_subtotals(face: Face) -> str:
    subtotals = [page.subtotal for page in face.pages if page.subtotal]
    return f"¥{format_yuan(sum(parse_yuan(one.net.lstrip('¥')) for one in subtotals))}"


@given(any_draft)
def test_every_text_of_a_line_is_shown(draft: Draft) -> None:
    text = shown(face_of(draft)).replace(" ", "")

    for line, own in zip(draft.lines, settle(draft), strict=True):
        assert line.name.replace(" ", "") in text
        assert format_yuan(own.net_fen) in text


@given(any_draft)
def test_every_row_fits_into_its_columns(draft: Draft) -> None:
    for page in face_of(draft).pages:
        for table in page.tables:
            assert sum(column.width_mm for column in table.columns) == paper.RIGHT - paper.LEFT
            for row in table.rows:
                for column, cell in zip(table.columns, row.cells, strict=True):
                    room = column.width_mm - 2 * paper.PADDING
                    size = paper.BODY_SIZE if column.align != "right" else paper.NUMBER_MIN_SIZE
                    assert all(width_mm(text, size) <= room for text in cell)


@given(any_draft)
def test_words_and_qr_say_the_total(draft: Draft) -> None:
    face = face_of(draft)
    gross_fen = sum(own.gross_fen for own in settle(draft))

    assert read_words(face.words) == gross_fen
    assert read_qr(face.qr).amount_fen == gross_fen
    assert face.gross == f"¥{format_yuan(gross_fen)}"


@given(st.text("中文字aB9 ，。\n", max_size=80), st.integers(4, 40))
def test_wrapping_loses_nothing_but_blanks_and_fits(text: str, wide: int) -> None:
    lines = wrap(text, wide, 3.0)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert all(width_mm(line, 3.0) <= wide for line in lines)


def longest_draft(lines: int) -> Draft:
    """Every text as long as the hard limits allow."""
    party = Party(name="名" * 300, taxpayer_id=SELLER.taxpayer_id, address="地" * 300)
    line = make_line(name="*长*" + "项" * 717, spec="格" * 150, unit="单" * 300)
    return lawful_draft(seller=party, buyer=party, lines=(line,) * lines, remark="备\n" * 225)


@pytest.mark.parametrize("lines", [1, 3, 60])
def test_the_longest_texts_are_all_shown(lines: int) -> None:
    face = face_of(longest_draft(lines))

    text = shown(face)
    assert text.count("项") == 717 * lines
    assert text.count("格") == 150 * lines
    assert text.count("备") == 225
    assert sum_of_subtotals(face) == face.totals.net, "a row over two pages counts once"
    assert "".join(face.buyer.name).count("名") == 300 + len(["名称"])


def test_two_thousand_lines_stand_in_their_order() -> None:
    lines = tuple(make_line(name=f"*文具*{at:04}") for at in range(2000))
    face = face_of(lawful_draft(lines=lines))

    assert [name for name in shown(face).split("\n") if name.startswith("*文具*")] == [
        line.name for line in lines
    ]
    assert len(face.pages) == 119


def test_a_discount_follows_its_line_with_a_minus() -> None:
    face = face_of(lawful_draft(lines=make_discount(make_line(), 1_000)))

    assert [row.cells[5] for row in face.pages[0].tables[0].rows] == [("100.00",), ("-10.00",)]


def test_a_red_letter_is_negative_and_names_its_original_and_its_form() -> None:
    face = face_of(red_letter_of(lawful_draft()))

    assert face.tags == ("红字发票",)
    assert face.gross.startswith("¥-")
    assert face.words.startswith("（负数）")
    assert "被红冲蓝字发票号码: 26311000000000000042" in face.remark[0]
    assert "26311126001000000001" in face.remark[0]


@pytest.mark.parametrize(
    ("treatment", "rate", "tax", "total"),
    [
        ("exempt", "免税", "***", "***"),
        ("untaxed", "不征税", "***", "***"),
        ("zero_rated", "0%", "0.00", "¥0.00"),
    ],
)
def test_who_owes_no_tax_says_why(treatment: str, rate: str, tax: str, total: str) -> None:
    face = face_of(lawful_draft(lines=(make_line(rate_bp=0, treatment=treatment),)))

    assert face.pages[0].tables[0].rows[0].cells[-2:] == ((rate,), (tax,))
    assert face.totals.tax == total


def test_a_deduction_hides_the_rate_and_is_told_in_the_remark() -> None:
    line = make_line(
        net_fen=None, gross_fen=10_000, deduction_fen=4_000, quantity="", unit_price=""
    )
    face = face_of(lawful_draft(margin="difference", lines=(line,)))

    assert face.pages[0].tables[0].rows[0].cells[-2] == ("***",)
    assert face.tags == ("差额征税",)
    assert any("差额征税，扣除额：40.00" in line for line in face.remark)


def test_no_amount_is_broken() -> None:
    line = make_line(net_fen=99_999_999_999_999_99, rate_bp=1300, quantity="", unit_price="")
    (row,) = face_of(lawful_draft(lines=(line,))).pages[0].tables[0].rows

    assert row.cells[5:] == (("99999999999999.99",), ("13%",), ("13000000000000.00",))


@pytest.mark.parametrize("platform", ["票", "Kaipiao 开票", "某" * 30, "a b" * 20, "某" * 60])
def test_the_whole_name_of_the_platform_stands_in_the_oval(platform: str) -> None:
    imprint = Imprint(platform=platform)
    face = compose_face(Source(invoice=issued(lawful_draft()), imprint=imprint))

    assert "".join(face.oval[:-1]).replace(" ", "") == platform.replace(" ", "")
    assert len(face.oval) <= 4
    assert face.oval[-1] == "平台版式文件"
    assert platform in face.notice


def test_a_natural_person_is_marked() -> None:
    face = face_of(lawful_draft(buyer=PERSON))

    assert face.buyer.name == ("名称：周示例（个人）",)


def test_a_purchase_of_produce_prints_the_two_sides_the_other_way_round() -> None:
    line = make_line(rate_bp=0, treatment="exempt")
    draft = lawful_draft(buyer=PERSON, lines=(line,), element=ProducePurchase())

    assert "周示例" in face_of(draft).seller.name[0]


def test_a_price_with_tax_is_printed_without() -> None:
    line = make_line(net_fen=None, gross_fen=11_300, quantity="3", unit_price="37.666666666667")

    assert net_unit_price(line, 10_000) == "33.3333333333333"
    assert net_unit_price(make_line(), 10_000) == "50"


def test_travellers_go_on_over_the_pages() -> None:
    one = Traveller(
        name="周示例", id_kind="护照", id_number="E0000000", travelled_on=DAY,
        origin="北京市", destination="上海市", vehicle="火车", seat_class="二等座",
    )  # fmt: skip
    draft = lawful_draft(lines=(make_line(),), element=Passenger(travellers=(one,) * 50))
    face = face_of(draft)

    assert shown(face).count("E0000000") == 50
    assert len(face.pages) > 2
    assert face.pages[-1].subtotal is None, "no line of the invoice stands there"


def test_the_document_says_whose_it_is_and_no_state() -> None:
    face = face_of(lawful_draft())
    text = f"{face}"

    assert "不是国家机关制发的文件" in face.notice
    assert face.oval == ("示例开票平台", "平台版式文件")
    for wording in ("监制", "国家税务总局", "税务局", "财政部"):
        assert wording not in text
