"""The XML says everything, in the words of genuine files, and reads back as the same invoice."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.markup import parse_xml
from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.judge import check_document
from kaipiao.delivery.readers.read import read_document
from kaipiao.delivery.renditions.einvoice.carried import parse_carried
from kaipiao.delivery.renditions.einvoice.check import check_shown
from kaipiao.delivery.renditions.einvoice.elements import FORMS
from kaipiao.delivery.renditions.einvoice.leaves import canonical_leaves, leaves_of
from kaipiao.delivery.renditions.einvoice.write import SIGNATURE, bytes_to_sign, render_einvoice
from kaipiao.fiscal.draft import Draft, Reversal
from kaipiao.fiscal.element import Element, ProducePurchase, Toll
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.price import net_unit_price
from tests.strategies import PERSON, lawful_draft, lawful_drafts, make_line, sampled_drafts, words
from tests.unit.delivery.renditions.einvoice.proven import proven
from tests.unit.delivery.renditions.invoices import NUMBER, source_of

SAMPLE = Path(__file__).parents[5] / "../shared/samples/xml/eui_v0.31_special_redacted.xml"
ORIGINAL = "26311000000000000007"

texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("<>&\"'\n]"), max_size=20
).filter(lambda text: "\ufffe" not in text and "\uffff" not in text)
"""Whatever the law lets through, and more."""


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Anything of a type that an element's field may have."""
    args = get_args(kind)
    if len(args) == 2 and args[1] is ...:
        return st.lists(structs(args[0]), max_size=3).map(tuple)
    if type(None) in args:
        return st.none() | values(args[0])
    return {
        str: words,
        bool: st.booleans(),
        int: st.integers(0, 10**9),
        date: st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    }[kind]


def structs(kind: Any) -> st.SearchStrategy[Any]:
    fields = msgspec.structs.fields(kind)
    return st.builds(kind, **{field.name: values(field.type) for field in fields})


elements = st.sampled_from(list(FORMS)).flatmap(structs)


@st.composite
def any_drafts(draw: st.DrawFn) -> Draft:
    """Every form: trades, red letters, people, margins, discounts, texts full of traps."""
    draft = draw(lawful_drafts() | sampled_drafts())
    if draw(st.booleans()):
        draft = msgspec.structs.replace(draft, remark=draw(texts), element=draw(elements))
    if draw(st.booleans()):
        reversal = Reversal(original=ORIGINAL, reason="01", lines=(0,), confirmation=ORIGINAL)
        draft = msgspec.structs.replace(draft, reversal=reversal)
    return msgspec.structs.replace(draft, margin=draw(st.sampled_from(["none", "full"])))


def read(draft: Draft) -> Document:
    return read_document(render_einvoice(source_of(draft)))


@given(any_drafts())
def test_what_is_written_reads_back_as_the_same_digest(draft: Draft) -> None:
    source = source_of(draft)
    xml = render_einvoice(source)
    carried = parse_carried(xml)

    assert carried is not None
    assert carried.digest == source.invoice.digest
    assert (carried.number, carried.issued_at) == (NUMBER, source.invoice.issued_at)
    assert carried.draft == draft
    assert check_shown(parse_xml(xml), carried) == []


@given(lawful_drafts() | sampled_drafts())
def test_readers_see_what_was_issued(draft: Draft) -> None:
    source = source_of(draft)
    document, totals = read(draft), source.invoice.totals

    assert check_document(document) == []
    assert (document.number, document.kind, document.red) == (NUMBER, draft.kind, False)
    seen = (document.net_fen, document.tax_fen, document.gross_fen)
    assert seen == (totals.net_fen, totals.tax_fen, totals.gross_fen)
    for line, shown, own in zip(draft.lines, document.lines, source.invoice.lines, strict=True):
        assert (shown.name, shown.spec, shown.unit) == (line.name, line.spec, line.unit)
        assert (shown.net_fen, shown.tax_fen) == (own.net_fen, own.tax_fen)
        assert (shown.rate_bp, shown.treatment) == (line.rate_bp, line.treatment)
        assert shown.unit_price == net_unit_price(line, own.net_fen)


@given(any_drafts())
def test_what_is_signed_is_what_a_reader_finds(draft: Draft) -> None:
    xml = render_einvoice(source_of(draft, b"a receipt"))

    assert bytes_to_sign(xml) == canonical_leaves(leaves_of(parse_xml(xml), without=SIGNATURE))


def test_the_same_invoice_is_the_same_bytes() -> None:
    assert render_einvoice(proven(lawful_draft())) == render_einvoice(proven(lawful_draft()))


def test_the_buyer_of_produce_is_shown_as_the_buyer() -> None:
    draft = lawful_draft(element=ProducePurchase())
    document = read(draft)

    assert (document.buyer.name, document.seller.name) == (draft.seller.name, draft.buyer.name)


def test_the_telephone_of_the_buyer_stands_before_the_address_and_of_the_seller_after() -> None:
    tree = ElementTree.fromstring(render_einvoice(source_of(lawful_draft())))

    def names(side: str) -> list[str]:
        found = tree.find(f"EInvoiceData/{side}Information")
        assert found is not None
        return [one.tag.removeprefix(side) for one in found]

    rest = ["BankName", "BankAccNum"]
    assert names("Buyer") == ["IdNum", "Name", "TelNum", "Addr", *rest]
    assert names("Seller") == ["IdNum", "Name", "Addr", "TelNum", *rest]


def test_a_person_has_a_name_and_no_empty_id() -> None:
    xml = render_einvoice(source_of(lawful_draft(buyer=PERSON)))

    assert b"BuyerIdNum" not in xml
    assert read_document(xml).buyer.name == PERSON.name


def test_a_red_letter_names_its_original_and_its_form() -> None:
    line = make_line(net_fen=-10_000, tax_fen=-1_300, quantity="-2")
    reversal = Reversal(original=ORIGINAL, reason="01", lines=(0,), confirmation="2" * 20)
    document = read(lawful_draft(lines=(line,), reversal=reversal))
    tree = ElementTree.fromstring(
        render_einvoice(source_of(lawful_draft(lines=(line,), reversal=reversal)))
    )

    assert (document.red, document.original) == (True, ORIGINAL)
    assert document.words.startswith("（负数）")
    red = tree.find("EInvoiceData/SpecificInformation/RedEInvoice")
    assert red is not None
    assert [(one.tag, one.text) for one in red] == [
        ("OriginalInvoiceCode", ORIGINAL),
        ("CreditNoteNumber", "2" * 20),
    ]


def test_a_deduction_hides_the_rate_and_is_told() -> None:
    line = make_line(quantity="", unit_price="", deduction_fen=4_000)
    draft = lawful_draft(lines=(line,), margin="difference")
    xml = render_einvoice(source_of(draft)).decode()

    assert "<TaxRate>***</TaxRate>" in xml
    assert re.search(r"<Information>扣除额</Information>\s*<InformationValue>40.00<", xml)


def test_a_toll_has_the_names_of_genuine_files() -> None:
    toll = Toll(plate="浙A12345", vehicle="客车", passed_from=date(2026, 11, 1), passed_to=None)
    tree = ElementTree.fromstring(render_einvoice(source_of(lawful_draft(element=toll))))

    found = tree.find("EInvoiceData/SpecificInformation/Toll")
    assert found is not None
    assert [one.tag for one in found] == ["PlateNumber", "VehicleType", "StartDatesOfPassage"]


def test_every_element_and_every_field_has_a_name() -> None:
    assert set(FORMS) == set(get_args(Element))
    for kind, form in FORMS.items():
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        if form.rows:
            row = get_args(fields.pop(form.rows))[0]
            assert fields == {}, "a row stands for the whole element"
            fields = {field.name: field.type for field in msgspec.structs.fields(row)}
        assert {own for own, _ in form.fields} == set(fields), kind
        assert len({theirs for _, theirs in form.fields}) == len(form.fields), kind


OURS = {"PlatformEvidence"}
THEIRS = {"EInvoiceTag", "UndefinedLabel", "TaxpayerType", "SellerAuthentication"} | {
    "TaxBureauCode", "TaxBureauName", "TaxBureauSignature",
}  # fmt: skip
"""What only the tax bureau's own platform can say."""


@pytest.mark.skipif(not SAMPLE.exists(), reason="the genuine sample is not on this machine")
def test_names_and_order_are_those_of_a_genuine_file() -> None:
    genuine = ElementTree.parse(SAMPLE).getroot()
    line = make_line(spec="", quantity="1", unit_price="100", unit="月")
    draft = lawful_draft(lines=(line,), remark="")
    party = msgspec.structs.replace(draft.buyer, address="", telephone="", bank="", account="")
    xml = render_einvoice(source_of(msgspec.structs.replace(draft, buyer=party)))
    ours = ElementTree.fromstring(xml)

    assert _names(ours, OURS) == _names(genuine, THEIRS)


def _names(element: ElementTree.Element, without: set[str]) -> list[Any]:
    return [(child.tag, _names(child, without)) for child in element if child.tag not in without]


def test_nothing_claims_to_be_the_state_s() -> None:
    visible = render_einvoice(proven(lawful_draft())).decode().partition("<PlatformEvidence>")[0]

    assert not any(word in visible for word in ("税务局", "监制", "TaxBureau", "Authentication"))


def test_two_thousand_lines_are_read_back() -> None:
    draft = lawful_draft(lines=(make_line(),) * 2_000)
    document = read(draft)

    assert len(document.lines) == 2_000
    assert format_yuan(document.net_fen) == "200000.00"


def test_an_instant_keeps_its_microseconds() -> None:
    source = source_of(lawful_draft())
    at = datetime.fromisoformat("2026-12-31T16:00:00.000001+00:00")  # a new year in Beijing
    invoice = msgspec.structs.replace(source.invoice, issued_at=at)
    xml = render_einvoice(msgspec.structs.replace(source, invoice=invoice))
    carried = parse_carried(xml)

    assert carried is not None
    assert carried.issued_at == at
    assert b"<IssueTime>2027-01-01</IssueTime>" in xml
