"""Every rule, broken once: exactly its own objection, at exactly its own place.

A draft is lawful but for one thing.  Whatever else a rule then says would be noise to whoever
has to correct the invoice.
"""

import string
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.draft import Draft, Line, Reversal
from kaipiao.fiscal.element import (
    Construction,
    Element,
    Freight,
    MotorVehicle,
    OwnProduce,
    Passenger,
    ProducePurchase,
    PropertyLease,
    PropertySale,
    RareEarth,
    RefinedOil,
    Toll,
    Traveller,
    Trip,
    UsedVehicle,
    VehicleTax,
)
from kaipiao.fiscal.violation import errors_of
from kaipiao.regimes.cn.catalogue import SAYINGS
from kaipiao.regimes.cn.rules import check
from tests.strategies import (
    BUYER,
    DAY,
    PERSON,
    SELLER,
    lawful_draft,
    lawful_drafts,
    make_discount,
    make_line,
)

RED = Reversal(original="26317000000000000042", reason="01", lines=(0,))
TRIP = Trip(
    origin="南京市", destination="上海市", vehicle="公路运输", plate="苏A·12345", goods="纸箱"
)
TRAVELLER = Traveller(
    name="周示例",
    id_kind="居民身份证",
    id_number="110101199003070134",
    travelled_on=date(2026, 11, 1),
    origin="北京市",
    destination="天津市",
    vehicle="长途汽车",
)
SALE = PropertySale(place="广东省广州市", address="虚构街1号", area_unit="平方米", cross_city=False)
LEASE = PropertyLease(
    place="广东省广州市",
    address="虚构街1号",
    area_unit="平方米",
    lease_from=date(2026, 1, 1),
    lease_to=date(2026, 12, 31),
    cross_city=False,
)
WORK = Construction(place="江苏省苏州市", project="虚构厂房", cross_city=False)
INSURED = VehicleTax(policy_no="P1", plate="苏A·12345", months="2026-01 至 2026-12", tax_fen=42_000)


def replace(struct: msgspec.Struct, **changes: object) -> object:
    return msgspec.structs.replace(struct, **changes)


def lines(*changed: Line) -> Draft:
    return lawful_draft(lines=changed)


def line(**changes: object) -> Draft:
    return lines(make_line(**changes))


def bare(**changes: object) -> Line:
    return make_line(**({"spec": "", "unit": "", "quantity": "", "unit_price": ""} | changes))


def seller(**changes: object) -> Draft:
    return lawful_draft(seller=replace(SELLER, **changes))


def buyer(**changes: object) -> Draft:
    return lawful_draft(buyer=replace(BUYER, **changes))


def element(value: Element, *changed: Line, **header: object) -> Draft:
    return lawful_draft(element=value, lines=changed or (bare(),), **header)


def discounted(whole: Line | None = None, **changes: object) -> Draft:
    """One discounted line and its discount, the discount changed."""
    above, discount = make_discount(whole or bare(), 500)
    return lines(above, msgspec.structs.replace(discount, **changes))


def margin(**changes: object) -> Draft:
    whole: dict[str, object] = {"deduction_fen": 6_000}
    return lawful_draft(lines=(bare(**(whole | changes)),), margin="difference")


exempt = {"treatment": "exempt", "rate_bp": 0}
WRONG_CHECK = SELLER.taxpayer_id[:17] + ("0" if SELLER.taxpayer_id[17] != "0" else "1")
TAX_WRONG_BY_6 = {"tax_fen": 1_306}

CASES: list[tuple[str, str, Draft]] = [
    ("text-missing", "/seller/name", seller(name="")),
    ("text-missing", "/seller/taxpayer_id", seller(taxpayer_id="")),
    ("text-missing", "/buyer/name", buyer(name=" \u3000")),
    ("text-missing", "/issuer", lawful_draft(issuer="")),
    ("text-missing", "/lines/0/name", line(name="")),
    ("text-too-long", "/seller/name", seller(name="名" * 301)),
    ("text-too-long", "/seller/address", seller(address="址" * 301)),
    ("text-too-long", "/seller/telephone", seller(telephone="1" * 61)),
    ("text-too-long", "/seller/bank", seller(bank="行" * 121)),
    ("text-too-long", "/seller/account", seller(account="1" * 51)),
    ("text-too-long", "/buyer/name", buyer(name="名" * 301)),
    ("text-too-long", "/buyer/address", buyer(address="址" * 301)),
    ("text-too-long", "/buyer/telephone", buyer(telephone="1" * 61)),
    ("text-too-long", "/buyer/bank", buyer(bank="行" * 121)),
    ("text-too-long", "/buyer/account", buyer(account="1" * 51)),
    ("text-too-long", "/issuer", lawful_draft(issuer="人" * 151)),
    ("text-too-long", "/payee", lawful_draft(payee="人" * 151)),
    ("text-too-long", "/reviewer", lawful_draft(reviewer="人" * 76)),
    ("text-too-long", "/remark", lawful_draft(remark="注" * 451)),
    ("text-too-long", "/lines/0/name", line(name="*文具*" + "盒" * 717)),
    ("text-too-long", "/lines/0/spec", line(spec="A" * 151)),
    ("text-too-long", "/lines/0/unit", line(unit="个" * 301)),
    ("text-too-long", "/element/project", element(replace(WORK, project="项" * 301))),
    ("text-too-long-for-web", "/seller/name", seller(name="名" * 101)),
    ("text-too-long-for-web", "/buyer/name", buyer(name="名" * 101)),
    ("text-too-long-for-web", "/remark", lawful_draft(remark="注" * 201)),
    ("text-too-long-for-web", "/lines/0/name", line(name="*文具*" + "盒" * 97)),
    ("text-too-long-for-web", "/lines/0/spec", line(spec="A" * 41)),
    ("text-too-long-for-web", "/lines/0/unit", line(unit="个" * 23)),
    ("text-forbidden-character", "/seller/name", seller(name="公司\x00")),
    ("text-forbidden-character", "/buyer/bank", buyer(bank="行\ud800")),
    ("text-forbidden-character", "/remark", lawful_draft(remark="一\n二\x07")),
    ("text-forbidden-character", "/payee", lawful_draft(payee="一\n二")),
    ("text-forbidden-character", "/issuer", lawful_draft(issuer="人\u202e名")),
    ("text-forbidden-character", "/lines/0/name", line(name="*文具*盒\t子")),
    ("text-forbidden-character", "/lines/0/spec", line(spec="A\uffff")),
    (
        "text-forbidden-character",
        "/element/trips/0/plate",
        element(Freight(trips=(replace(TRIP, plate="苏\x7f"),))),
    ),
    ("text-character-not-shown", "/buyer/name", buyer(name="\U0002a6d6公司")),
    ("seller-id-malformed", "/seller/taxpayer_id", seller(taxpayer_id="91110")),
    (
        "seller-id-malformed",
        "/seller/taxpayer_id",
        seller(taxpayer_id=SELLER.taxpayer_id[:17] + "I"),
    ),
    ("seller-id-check-wrong", "/seller/taxpayer_id", seller(taxpayer_id=WRONG_CHECK)),
    ("buyer-id-missing", "/buyer/taxpayer_id", replace(buyer(taxpayer_id=""), kind="special")),
    ("buyer-id-doubtful", "/buyer/taxpayer_id", buyer(taxpayer_id="12345")),
    ("buyer-id-doubtful", "/buyer/taxpayer_id", buyer(taxpayer_id=WRONG_CHECK)),
    (
        "buyer-id-doubtful",
        "/buyer/taxpayer_id",
        buyer(taxpayer_id="110101199003070135", natural_person=True),
    ),
    ("buyer-is-seller", "/buyer/taxpayer_id", lawful_draft(buyer=SELLER)),
    ("special-to-natural-person", "/kind", lawful_draft(kind="special", buyer=PERSON)),
    ("special-for-exempt", "/lines/0/treatment", replace(line(**exempt), kind="special")),
    (
        "special-for-exempt",
        "/lines/0/treatment",
        replace(line(treatment="untaxed", rate_bp=0), kind="special"),
    ),
    (
        "special-for-zero-rated",
        "/lines/0/treatment",
        replace(line(treatment="zero_rated", rate_bp=0), kind="special"),
    ),
    ("lines-missing", "/lines", lines()),
    ("lines-too-many", "/lines", lines(*[bare()] * 2_001)),
    ("name-form", "/lines/0/name", line(name="文件盒")),
    ("name-form", "/lines/0/name", line(name="**文件盒")),
    ("name-form", "/lines/0/name", line(name="*文具*")),
    ("name-form", "/lines/0/name", line(name="*文具* ")),
    ("tax-class-malformed", "/lines/0/tax_class", line(tax_class="106040101000000000")),
    ("tax-class-malformed", "/lines/0/tax_class", line(tax_class="１060401010000000000")),
    ("rate-not-in-force", "/lines/0/rate_bp", line(rate_bp=1700)),
    ("rate-not-in-force", "/lines/0/rate_bp", line(rate_bp=-1300)),
    ("rate-not-in-force", "/lines/0/rate_bp", line(rate_bp=-10_000)),
    ("rate-not-for-scheme", "/lines/0/rate_bp", line(rate_bp=100)),
    ("rate-not-for-scheme", "/lines/0/rate_bp", replace(line(), scheme="small_scale")),
    ("rate-not-for-sale", "/lines/0/rate_bp", line(rate_bp=500)),
    ("rate-not-for-sale", "/lines/0/rate_bp", element(WORK, bare(rate_bp=500))),
    ("rate-zero", "/lines/0/rate_bp", line(rate_bp=0)),
    ("rate-must-be-zero", "/lines/0/rate_bp", line(treatment="exempt")),
    ("tax-must-be-zero", "/lines/0/tax_fen", line(tax_fen=1, **exempt)),
    ("amount-missing", "/lines/0", lines(bare(net_fen=None), bare())),
    ("amount-missing", "/lines/0", lines(bare(net_fen=None, tax_fen=5), bare())),
    ("amount-zero", "/lines/0/net_fen", lines(bare(net_fen=0), bare())),
    ("amount-not-positive", "/lines/0/net_fen", lines(bare(net_fen=-1), bare())),
    (
        "amount-not-positive",
        "/lines/0/gross_fen",
        lines(bare(net_fen=None, gross_fen=-1), bare()),
    ),
    ("amount-not-negative", "/lines/1/net_fen", discounted(net_fen=500)),
    (
        "amounts-do-not-add-up",
        "/lines/0/gross_fen",
        line(net_fen=10_000, tax_fen=1_300, gross_fen=11_301),
    ),
    ("amounts-do-not-add-up", "/lines/0/gross_fen", line(gross_fen=10_001, **exempt)),
    ("tax-sign", "/lines/0/tax_fen", lines(bare(net_fen=10, tax_fen=-1), bare())),
    ("tax-off", "/lines/0/tax_fen", line(tax_fen=1_307)),
    ("tax-off", "/lines/0/tax_fen", line(tax_fen=1_293)),
    ("tax-off", "/lines/0/tax_fen", line(gross_fen=11_307)),
    ("tax-off", "/lines/0/tax_fen", lines(bare(net_fen=None, gross_fen=11_307, tax_fen=1_308))),
    (
        "tax-off-in-total",
        "/lines",
        lines(*[make_line(**TAX_WRONG_BY_6)] * 21, make_line(tax_fen=1_302)),
    ),
    ("total-not-positive", "", discounted(net_fen=-10_000)),
    ("total-too-large", "", lines(*[bare(net_fen=10**18 - 1, **exempt)] * 2)),
    ("quantity-price-pair", "/lines/0/unit_price", line(unit_price="")),
    ("quantity-price-pair", "/lines/0/quantity", line(quantity="")),
    ("decimal-malformed", "/lines/0/quantity", line(quantity="2.00000000000001")),
    ("decimal-malformed", "/lines/0/unit_price", line(unit_price="5e1")),
    ("quantity-price-off", "/lines/0/quantity", line(unit_price="50.0051")),
    ("quantity-price-off", "/lines/0/quantity", line(net_fen=None, gross_fen=10_002)),
    ("discount-without-line", "/lines/0/nature", lines(make_discount(bare(), 5)[1], bare())),
    (
        "discount-without-line",
        "/lines/2/nature",
        lines(*make_discount(bare(), 5), make_discount(bare(), 5)[1]),
    ),
    ("discounted-without-discount", "/lines/0/nature", line(nature="discounted")),
    (
        "discounted-without-discount",
        "/lines/0/nature",
        lines(make_line(nature="discounted"), make_line()),
    ),
    ("discount-differs", "/lines/1", discounted(name="*文具*笔")),
    ("discount-differs", "/lines/1", discounted(rate_bp=600)),
    ("discount-differs", "/lines/1", discounted(tax_class="1060401010000000001")),
    ("discount-too-large", "/lines/1", lines(*discounted(net_fen=-10_001).lines, bare())),
    (
        "discount-too-large",
        "/lines/1",
        lines(*discounted(net_fen=None, gross_fen=-11_301).lines, bare()),
    ),
    ("discount-with-quantity", "/lines/1", discounted(unit="个")),
    ("discount-with-quantity", "/lines/1", discounted(quantity="1", unit_price="-5")),
    ("deduction-without-margin", "/lines/0/deduction_fen", line(deduction_fen=1)),
    (
        "deduction-without-margin",
        "/lines/0/deduction_fen",
        replace(line(deduction_fen=1), margin="full"),
    ),
    ("deduction-missing", "/lines", margin(deduction_fen=0)),
    ("deduction-too-large", "/lines/0/deduction_fen", margin(deduction_fen=10_001)),
    (
        "deduction-too-large",
        "/lines/0/deduction_fen",
        margin(net_fen=None, gross_fen=11_300, deduction_fen=11_301),
    ),
    ("deduction-too-large", "/lines/0/deduction_fen", margin(deduction_fen=-1)),
    ("margin-not-taxed", "/lines/0/treatment", margin(**exempt)),
    ("element-lines", "/lines", element(WORK, bare(), bare())),
    ("element-lines", "/lines", element(SALE, bare(), bare())),
    ("element-lines", "/lines", element(LEASE, bare(), bare())),
    ("element-lines", "/lines", element(Passenger(travellers=(TRAVELLER,)), bare(), bare())),
    ("element-line-bare", "/lines/0", element(WORK, make_line())),
    ("element-line-bare", "/lines/0", element(WORK, bare(spec="A"))),
    ("element-unit", "/lines/0/unit", element(RefinedOil(), make_line(unit="桶"))),
    ("element-unit", "/lines/0/unit", element(RareEarth(), make_line(unit="升"))),
    ("element-quantity-missing", "/lines/0/quantity", element(RefinedOil(), bare(unit="升"))),
    ("element-field-missing", "/element/place", element(replace(WORK, place=""))),
    ("element-field-missing", "/element/project", element(replace(WORK, project=" "))),
    ("element-field-missing", "/element/address", element(replace(SALE, address=""))),
    ("element-field-missing", "/element/area_unit", element(replace(LEASE, area_unit=""))),
    ("element-field-missing", "/element/policy_no", element(replace(INSURED, policy_no=""))),
    ("element-field-missing", "/element/plate", element(replace(INSURED, plate=""))),
    ("element-field-missing", "/element/plate", element(Toll())),
    ("element-field-missing", "/element/vin", element(MotorVehicle())),
    ("element-field-missing", "/element/vin", element(UsedVehicle())),
    *(
        (
            "element-field-missing",
            f"/element/trips/0/{field}",
            element(Freight(trips=(replace(TRIP, **{field: ""}),))),
        )
        for field in ("origin", "destination", "vehicle", "plate", "goods")
    ),
    *(
        (
            "element-field-missing",
            f"/element/travellers/0/{field}",
            element(Passenger(travellers=(replace(TRAVELLER, **{field: ""}),))),
        )
        for field in ("name", "id_kind", "id_number", "origin", "destination", "vehicle")
    ),
    *(
        (
            "element-field-missing",
            "/element/travellers/0/seat_class",
            element(Passenger(travellers=(replace(TRAVELLER, vehicle=vehicle),))),
        )
        for vehicle in ("火车", "飞机", "船舶")
    ),
    ("element-rows-missing", "/element/trips", element(Freight())),
    ("element-rows-missing", "/element/trips", element(Freight(trips=(TRIP,)), bare(), bare())),
    ("element-rows-missing", "/element/travellers", element(Passenger())),
    (
        "element-value-unknown",
        "/element/trips/0/vehicle",
        element(Freight(trips=(replace(TRIP, vehicle="马车"),))),
    ),
    (
        "element-value-unknown",
        "/element/travellers/0/vehicle",
        element(Passenger(travellers=(replace(TRAVELLER, vehicle="马车"),))),
    ),
    ("element-value-unknown", "/element/area_unit", element(replace(SALE, area_unit="间"))),
    (
        "element-dates-reversed",
        "/element/lease_to",
        element(replace(LEASE, lease_to=date(2025, 12, 31))),
    ),
    (
        "element-dates-reversed",
        "/element/passed_to",
        element(
            Toll(plate="苏A·1", passed_from=date(2026, 2, 1), passed_to=date(2026, 1, 1))
        ),
    ),
    ("element-amount-negative", "/element/tax_fen", element(replace(INSURED, tax_fen=-1))),
    ("element-not-exempt", "/lines/0/treatment", element(OwnProduce())),
    ("element-not-exempt", "/lines/0/treatment", element(ProducePurchase())),
    (
        "reversal-not-yours",
        "/reversal",
        lawful_draft(reversal=RED, lines=(bare(net_fen=-10_000, tax_fen=-1_300),)),
    ),
]  # fmt: skip

SEVERAL: list[tuple[list[tuple[str, str]], Draft]] = [
    (
        [("amount-too-large", "/lines/0/net_fen"), ("total-too-large", "")],
        lines(bare(net_fen=10**18, **exempt)),
    ),
    (
        [("quantity-price-sign", "/lines/0/quantity"), ("quantity-price-off", "/lines/0/quantity")],
        line(quantity="-2"),
    ),
    (
        [("special-for-exempt", "/lines/0/treatment"), ("element-not-special", "/kind")],
        element(OwnProduce(), bare(**exempt), kind="special"),
    ),
    (
        [("text-too-long", "/seller/taxpayer_id"), ("seller-id-malformed", "/seller/taxpayer_id")],
        seller(taxpayer_id="9" * 21),
    ),
]
"""Where one mistake rightly breaks two rules."""

RED_DRAFT = lawful_draft(reversal=RED, lines=(bare(net_fen=-10_000, tax_fen=-1_300),))
RED_CASES: list[tuple[str, str, Draft]] = [
    (
        "reversal-original-malformed",
        "/reversal/original",
        replace(RED_DRAFT, reversal=replace(RED, original="42")),
    ),
    (
        "reversal-reason-unknown",
        "/reversal/reason",
        replace(RED_DRAFT, reversal=replace(RED, reason="05")),
    ),
    (
        "reversal-lines-differ",
        "/reversal/lines",
        replace(RED_DRAFT, reversal=replace(RED, lines=(0, 1))),
    ),
    ("text-too-long", "/remark", replace(RED_DRAFT, remark="注" * 383)),
    ("amount-not-negative", "/lines/0/net_fen", replace(RED_DRAFT, lines=(bare(),))),
]  # fmt: skip


def verdict(draft: Draft, **context: bool) -> list[tuple[str, str]]:
    return [(found.code, found.path) for found in check(draft, on=DAY, **context)]


@pytest.mark.parametrize(
    ("code", "path", "draft"),
    CASES,
    ids=[f"{code}{path}-{n}" for n, (code, path, _) in enumerate(CASES)],
)
def test_one_mistake_one_objection(code: str, path: str, draft: Draft) -> None:
    assert verdict(draft) == [(code, path)]


@pytest.mark.parametrize(("expected", "draft"), SEVERAL)
def test_one_mistake_that_breaks_two_rules(expected: list[tuple[str, str]], draft: Draft) -> None:
    assert verdict(draft) == expected


@pytest.mark.parametrize(("code", "path", "draft"), RED_CASES)
def test_a_red_letter_of_ours_is_checked_too(code: str, path: str, draft: Draft) -> None:
    assert verdict(draft, composed=True) == [(code, path)]


def test_a_red_letter_of_ours_may_be_issued() -> None:
    whole = make_line(net_fen=-10_000, tax_fen=-1_300, quantity="-2")
    old_rate = bare(net_fen=-10_000, tax_fen=-1_600, rate_bp=1600)

    assert verdict(RED_DRAFT, composed=True) == []
    assert verdict(replace(RED_DRAFT, lines=(whole,)), composed=True) == []
    # The rate is the original's, whatever is in force today.
    assert verdict(replace(RED_DRAFT, lines=(old_rate,)), composed=True) == []


def test_every_code_is_raised_by_some_draft_here() -> None:
    raised = {code for code, _, _ in CASES + RED_CASES}
    raised |= {code for several, _ in SEVERAL for code, _ in several}

    assert raised == set(SAYINGS)


@pytest.mark.parametrize(
    "draft",
    [
        seller(name="名" * 100),
        lawful_draft(remark="注" * 200),
        lawful_draft(remark="第一行\n第二行"),
        lawful_draft(issuer="赵\u3000示例"),
        line(name="*文具*" + "盒" * 96),
        line(tax_fen=1_306),
        line(tax_fen=1_294),
        line(unit_price="50.005"),
        line(unit_price="49.995"),
        lines(*[make_line(**TAX_WRONG_BY_6)] * 21, make_line(tax_fen=1_301)),
        lines(*[make_line()] * 2_000),
        discounted(net_fen=-9_999),
        lines(*discounted(net_fen=-10_000).lines, bare()),
        margin(),
        margin(deduction_fen=10_000),
        lawful_draft(lines=(bare(),), margin="full"),
        buyer(taxpayer_id="E12345678", natural_person=True),
        element(SALE, bare(rate_bp=500)),
        element(LEASE, bare(rate_bp=500)),
        element(OwnProduce(), bare(**exempt)),
        element(INSURED),
        element(Passenger(travellers=(replace(TRAVELLER, vehicle="火车", seat_class="二等座"),))),
        element(RefinedOil(), make_line(unit="升"), *make_discount(make_line(unit="吨"), 10)),
        element(Freight(trips=(TRIP, TRIP)), make_line(), make_line()),
        lines(bare(net_fen=10**18 - 1, **exempt)),
        lines(bare(net_fen=1)),
    ],
)  # fmt: skip
def test_the_last_lawful_value_is_lawful(draft: Draft) -> None:
    """Each of these is one step inside a limit that a case above is one step outside of."""
    assert verdict(draft) == []


def test_everything_wrong_is_said_at_once() -> None:
    draft = lawful_draft(
        kind="special",
        buyer=replace(PERSON, name=""),
        issuer="",
        lines=(
            make_line(rate_bp=1700, quantity="", name="盒"),
            make_line(net_fen=None, quantity="", unit_price=""),
        ),
    )

    assert {code for code, _ in verdict(draft)} == {
        "text-missing",
        "special-to-natural-person",
        "rate-not-in-force",
        "quantity-price-pair",
        "name-form",
        "amount-missing",
    }


def test_warnings_never_stop_an_invoice() -> None:
    draft = lawful_draft(remark="注" * 201, buyer=replace(BUYER, taxpayer_id="12345"))
    found = check(draft, on=DAY)

    assert {violation.severity for violation in found} == {"warning"}
    assert errors_of(found) == []


def test_every_saying_fills_in_what_its_rules_know_and_says_what_to_do() -> None:
    for code, _, draft in [*CASES, *RED_CASES]:
        composed = draft.reversal is not None and code != "reversal-not-yours"
        for found in check(draft, on=DAY, composed=composed):
            for text in (found.zh, found.en):
                assert "{" not in text, code
                assert text[-1] in "。.", code
            assert any("\u4e00" <= character <= "\u9fff" for character in found.zh)


def test_every_template_names_the_same_facts_in_both_languages() -> None:
    for code, saying in SAYINGS.items():
        zh, en = (
            {field for _, field, _, _ in string.Formatter().parse(text) if field}
            for text in (saying.zh, saying.en)
        )
        assert {name.replace("zh_", "") for name in zh} == {
            name.replace("en_", "") for name in en
        }, code


@given(lawful_drafts(), st.booleans())
def test_the_answer_is_the_same_however_often_it_is_asked(draft: Draft, special: bool) -> None:
    changed = replace(draft, kind="special" if special else "ordinary", issuer="")

    assert check(changed, on=DAY) == check(changed, on=DAY)
