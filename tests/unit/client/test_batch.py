"""A batch: one result for each sale, in order, whatever is cut off, refused or unknown."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.client.answers import BatchResult
from kaipiao.client.batch import Sale
from kaipiao.client.client import Client
from kaipiao.client.problem import Problem
from kaipiao.client.retry import Budget
from tests.strategies import lawful_draft
from tests.unit.client.scripted import HANG_UP, Asked, Reply, Scripted, problem, serving

DRAFT = lawful_draft()
PERMANENT = {"code": "rules-broken", "zh": "中", "en": "en", "retryable": False}
PASSING = {"code": "unavailable", "zh": "中", "en": "en", "retryable": True}


class FaithfulCell(Scripted):
    """Issues each key once and for ever; some keys are refused, and some tries go wrong."""

    def __init__(self, refused: set[str], troubles: list[str]) -> None:
        super().__init__(HANG_UP)
        self.numbers: dict[str, str] = {}
        self._refused = refused
        self._troubles = troubles

    def next(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        trouble = self._troubles.pop(0) if self._troubles else ""
        if trouble == "hang up before":
            return HANG_UP
        lines = [self._line(n, raw) for n, raw in enumerate(asked.body.splitlines(), 1)]
        if trouble == "hang up after":
            return HANG_UP
        if trouble == "busy":
            return problem(503, "busy", retryable=True)
        if trouble == "half the answer":
            return Reply(200, b"".join(lines[: len(lines) // 2]), cut=True)
        if trouble == "outage lines":
            document = {"line": 1, "status": 503, "problem": PASSING}
            lines[0] = msgspec.json.encode(document) + b"\n"
        return Reply(200, b"".join(lines))

    def _line(self, number: int, raw: bytes) -> bytes:
        key = msgspec.json.decode(raw)["key"]
        if key in self._refused:
            return (
                msgspec.json.encode({"line": number, "status": 422, "problem": PERMANENT}) + b"\n"
            )
        status = 200 if key in self.numbers else 201
        name = self.numbers.setdefault(key, f"{len(self.numbers) + 1:020}")
        receipt = {
            "number": name,
            "issued_at": "2026-11-24T04:00:00Z",
            "seller": DRAFT.seller.taxpayer_id,
            "key": key,
            "digest": "00",
            "totals": {"net_fen": 1, "tax_fen": 0, "gross_fen": 1},
        }
        return msgspec.json.encode({"line": number, "status": status, "receipt": receipt}) + b"\n"


TROUBLES = st.sampled_from(
    ["", "hang up before", "hang up after", "busy", "half the answer", "outage lines"]
)


def run(cell: Scripted, sales: list[Sale], *, within_s: float = 20) -> list[BatchResult]:
    with serving(cell) as url, Client(url, "k", budget=Budget(within_s)) as client:
        return list(client.batch(sales))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 12), st.sets(st.integers(1, 12), max_size=4), st.lists(TROUBLES, max_size=2))
def test_every_sale_gets_its_own_answer_in_order(
    count: int, refused: set[int], troubles: list[str]
) -> None:
    cell = FaithfulCell({f"k{n}" for n in refused}, list(troubles))
    sales = [Sale(10 * n, f"k{n}", DRAFT) for n in range(1, count + 1)]

    results = run(cell, sales)

    assert [(r.line, r.key) for r in results] == [(sale.line, sale.key) for sale in sales]
    for n, result in enumerate(results, 1):
        if n in refused:
            assert (result.outcome, result.code) == ("refused", "rules-broken")
        else:
            assert result.outcome in ("issued", "replayed")
            assert result.number == cell.numbers[result.key]


def test_a_line_whose_outcome_is_unknown_is_asked_again_alone() -> None:
    cell = FaithfulCell(set(), ["outage lines"])

    results = run(cell, [Sale(n, f"k{n}", DRAFT) for n in (1, 2, 3)])

    assert [result.outcome for result in results] == ["replayed", "issued", "issued"]
    assert [asked.body.count(b"\n") for asked in cell.asked] == [3, 1]


def test_what_stays_open_is_unknown_and_says_to_send_it_again() -> None:
    results = run(Scripted(HANG_UP), [Sale(1, "a", DRAFT), Sale(2, "b", DRAFT)], within_s=0.3)

    assert [result.outcome for result in results] == ["unknown", "unknown"]
    assert "nothing is ever issued twice" in results[0].en


def test_more_than_one_chunk_keeps_its_order() -> None:
    sales = [Sale(n, f"k{n}", DRAFT) for n in range(1, 1_102)]

    results = run(FaithfulCell(set(), []), sales)

    assert [result.line for result in results] == [sale.line for sale in sales]
    assert len({result.number for result in results}) == len(sales)


def test_a_batch_that_is_refused_as_a_whole_raises() -> None:
    with pytest.raises(Problem, match="not-allowed"):
        run(Scripted(problem(403, "not-allowed")), [Sale(1, "a", DRAFT)])
