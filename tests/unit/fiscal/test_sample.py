"""The sample drafts: the same for the same seed, lawful, varied, and about nobody real."""

from datetime import date
from itertools import islice

import msgspec

from kaipiao.fiscal.element import element_code
from kaipiao.fiscal.sample import SELLERS, TRADES, sample_drafts
from kaipiao.fiscal.taxpayer import classify, has_right_check
from kaipiao.regimes.cn.rules import check
from tests.strategies import DAY


def test_the_same_seed_makes_the_same_drafts() -> None:
    one, again, other = (list(islice(sample_drafts(seed), 50)) for seed in (7, 7, 8))

    assert one == again
    assert one != other


def test_the_first_draft_of_a_seed_is_the_same_in_every_version() -> None:
    """A known answer: a change here changes what every demonstration shows."""
    draft = next(sample_drafts(1))

    assert (draft.kind, draft.lines[0].name) == ("special", "*住宿服务*住宿费")


def test_all_are_lawful_without_a_warning() -> None:
    for seed in range(8):
        for draft in islice(sample_drafts(seed), 150):
            for day in (DAY, date(2026, 1, 1), date(2027, 12, 31)):
                assert check(draft, on=day) == [], msgspec.json.encode(draft).decode()


def test_every_trade_discount_price_with_tax_and_element_comes_up() -> None:
    drafts = list(islice(sample_drafts(3), 600))
    lines = [line for draft in drafts for line in draft.lines]

    assert {draft.seller for draft in drafts} == set(SELLERS)
    assert {line.nature for line in lines} == {"normal", "discounted", "discount"}
    assert {line.rate_bp for line in lines} == {100, 600, 900, 1300}
    assert any(line.gross_fen for line in lines)
    assert any(draft.buyer.natural_person for draft in drafts)
    elements = {element_code(draft.element) for draft in drafts if draft.element}
    assert elements == {"01", "03", "04", "06", "09"}


def test_every_company_is_invented_and_every_id_right() -> None:
    assert len(SELLERS) == len(TRADES)
    for draft in islice(sample_drafts(5), 100):
        for party in (draft.seller, draft.buyer):
            if party.natural_person:
                continue
            assert "虚构" in party.name
            assert party.taxpayer_id[4:8] == "9900"
            assert classify(party.taxpayer_id) == "uscc"
            assert has_right_check(party.taxpayer_id)
