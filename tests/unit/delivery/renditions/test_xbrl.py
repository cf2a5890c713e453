"""The XBRL instance says what the invoice says, as genuine ones do."""

from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import given

from kaipiao.delivery.readers.read import read_document
from kaipiao.delivery.renditions.make import ROWS, Press
from kaipiao.delivery.renditions.xbrl import render_xbrl
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.price import net_unit_price
from tests.strategies import lawful_draft, lawful_drafts, make_line, sampled_drafts
from tests.unit.delivery.renditions.invoices import NUMBER, source_of

OFD = "ofd/xbrl2022_zhejiang_03300220021199934328.ofd"
SAMPLE = Path(__file__).parents[4] / "../shared/samples" / OFD
INV = "{http://xbrl.mof.gov.cn/taxonomy/2021-09-30/inv}"


@given(lawful_drafts() | sampled_drafts())
def test_our_reader_reads_the_same_values(draft: Draft) -> None:
    source = source_of(draft)
    invoice, document = source.invoice, read_document(render_xbrl(source))

    assert (document.form, document.number, document.kind) == ("xbrl", NUMBER, draft.kind)
    assert document.issued_on == beijing_day(invoice.issued_at)
    assert (document.seller.name, document.seller.taxpayer_id) == (
        draft.seller.name,
        draft.seller.taxpayer_id,
    )
    assert (document.buyer.name, document.buyer.taxpayer_id) == (
        draft.buyer.name,
        draft.buyer.taxpayer_id,
    )
    seen = (document.net_fen, document.tax_fen, document.gross_fen)
    totals = invoice.totals
    assert seen == (totals.net_fen, totals.tax_fen, totals.gross_fen)
    assert (document.issuer, document.payee, document.remark) == (
        draft.issuer, draft.payee, draft.remark,
    )  # fmt: skip
    for line, shown, own in zip(draft.lines, document.lines, invoice.lines, strict=True):
        assert (shown.name, shown.quantity) == (line.name, line.quantity)
        assert shown.unit_price == net_unit_price(line, own.net_fen)
        assert (shown.net_fen, shown.tax_fen) == (own.net_fen, own.tax_fen)
        assert (shown.rate_bp, shown.treatment) == (line.rate_bp, line.treatment)


def test_a_red_letter_is_red() -> None:
    line = make_line(net_fen=-10_000, tax_fen=-1_300, quantity="-2")

    assert read_document(render_xbrl(source_of(lawful_draft(lines=(line,))))).red


@pytest.mark.skipif(not SAMPLE.exists(), reason="the genuine sample is not on this machine")
def test_every_name_is_in_a_genuine_instance_and_in_its_order() -> None:
    with ZipFile(SAMPLE) as package:
        (name,) = [one for one in package.namelist() if "inv_ord_issuer" in one]
        genuine = _names(ElementTree.fromstring(package.read(name)))
    draft = lawful_draft(payee="甲", reviewer="乙", lines=(make_line(),))
    ours = _names(ElementTree.fromstring(render_xbrl(source_of(draft))))

    assert [name for name in ours if name not in genuine] == []
    assert [name for name in genuine if name in ours] == ours


def _names(root: ElementTree.Element) -> list[str]:
    return [one.tag.removeprefix(INV) for one in root.iter() if one.tag.startswith(INV)]


def test_it_is_a_kind_of_rendition() -> None:
    source = source_of(lawful_draft())

    assert Press().render(source, "xbrl") == render_xbrl(source)
    assert not ROWS["xbrl"].carries_receipt
