"""The crowd that fills a ledger is made of lawful invoices, no two of them alike."""

from datetime import date

import msgspec

from bench.growth.crowd import Crowd
from kaipiao.base.canonical import canonical
from kaipiao.fiscal.draft import Draft
from kaipiao.issuing.issue import compose_entry
from kaipiao.regimes.cn.rules import check


def test_an_invoice_of_the_crowd_is_what_issuing_would_make_of_its_draft() -> None:
    for entry in Crowd("x", sellers=7).take(20):
        draft = msgspec.json.decode(entry.payload, type=Draft)

        assert check(draft, on=date(2026, 11, 24)) == []
        assert canonical(draft) == entry.payload
        assert compose_entry(draft, entry.key) == entry


def test_no_two_are_alike_and_each_can_be_named_again() -> None:
    crowd = Crowd("x", sellers=7)
    taken = crowd.take(30) + crowd.take(30)

    assert len({entry.digest for entry in taken}) == len({entry.key for entry in taken}) == 60
    assert [crowd.entry(n) for n in range(60)] == taken
