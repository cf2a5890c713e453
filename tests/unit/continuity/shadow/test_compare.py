"""What two cells must say alike, and what is set aside."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.base.canonical import canonical, digest
from kaipiao.continuity.shadow.again import Issue, Reverse, call_of
from kaipiao.continuity.shadow.compare import ABSENT, Difference, differences, own_remark
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import Amounts, IdempotencyKey, Invoice
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import LineAsk, ReversalAsk, held_by_line, left_by_line, take
from kaipiao.fiscal.settle import settle
from kaipiao.gateway.shapes import view_invoice
from kaipiao.issuing.reverse import compose_red_draft
from tests.clocks import StoppedClock
from tests.strategies import lawful_draft, lawful_drafts

HERE = InvoiceNumber("26311000000000000001")
THERE = InvoiceNumber("26999000000000000042")


def issued(
    draft: Draft, number: InvoiceNumber, lines: tuple[Amounts, ...] | None = None
) -> Invoice:
    return Invoice(
        number=number,
        issued_at=StoppedClock().now(),
        key=IdempotencyKey("sale-1"),
        digest=digest(canonical(draft)),
        draft=draft,
        lines=settle(draft) if lines is None else lines,
        log_index=7,
    )


def shown(invoice: Invoice) -> Any:
    return msgspec.to_builtins(view_invoice(invoice))


def reversed_(
    original: Invoice, ask: ReversalAsk, number: InvoiceNumber, form: str = ""
) -> Invoice:
    held = held_by_line(original.draft, original.lines)
    taken = take(ask, held, left_by_line(held, {}))
    lines = tuple(Amounts(-one.net_fen, -one.tax_fen) for one in taken)  # type: ignore[arg-type]
    return issued(compose_red_draft(original, ask, taken, form), number, lines)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every leaf of a JSON value is."""
    if isinstance(value, dict):
        return [found for name, one in value.items() for found in paths(one, (*at, name))]
    if isinstance(value, list | tuple):
        return [found for n, one in enumerate(value) for found in paths(one, (*at, n))]
    return [at]


def changed(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return "something else"
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:])
    return copy


@settings(max_examples=30)
@given(lawful_drafts())
def test_numbers_and_instants_are_set_aside(draft: Draft) -> None:
    assert differences(shown(issued(draft, HERE)), shown(issued(draft, THERE))) == ()


@given(st.data())
def test_any_other_change_is_one_difference_at_its_place(data: st.DataObject) -> None:
    here = shown(issued(lawful_draft(), HERE))
    aside = ("number", "issued_at", "log_index", "qr", "standing")
    path = data.draw(st.sampled_from([one for one in paths(here) if one[0] not in aside]))
    pointer = "".join(f"/{part}" for part in path)

    found = differences(here, changed(here, path))

    assert [one.path for one in found] == [pointer]


def test_what_one_side_lacks_is_told() -> None:
    here = shown(issued(lawful_draft(), HERE))
    there = {**here, "new": 1}
    del there["words"]

    assert differences(here, there) == (
        Difference("/new", ABSENT, 1),
        Difference("/words", here["words"], ABSENT),
    )


def test_a_lie_of_another_shape_is_a_difference() -> None:
    here = shown(issued(lawful_draft(), HERE))

    assert [one.path for one in differences(here, "no")] == [""]
    assert differences({"draft": True}, {"draft": 1}) == (Difference("/draft", True, 1),)


def test_a_red_letter_may_name_another_original_and_no_form() -> None:
    ask = ReversalAsk(reason="01", issuer="钱示例", remark="退货\n两件")
    here = reversed_(
        issued(lawful_draft(), HERE), ask, InvoiceNumber("26311000000000000009"), "9" * 20
    )
    there = reversed_(issued(lawful_draft(), THERE), ask, InvoiceNumber("26999000000000000077"))

    assert differences(shown(here), shown(there)) == ()
    assert own_remark(here.draft.remark) == "退货\n两件"


def test_a_red_letter_of_another_amount_is_told() -> None:
    original = issued(lawful_draft(), HERE)
    here = reversed_(original, ReversalAsk(reason="01"), HERE)
    there = reversed_(original, ReversalAsk(reason="01", lines=(LineAsk(line=0),)), THERE)

    assert "/totals/gross_fen" in {one.path for one in differences(shown(here), shown(there))}


@settings(max_examples=30)
@given(lawful_drafts())
def test_the_call_that_is_made_again_leads_to_the_same_red_letter(draft: Draft) -> None:
    original = issued(draft, HERE)
    red = reversed_(original, ReversalAsk(reason="02", remark="退"), HERE)

    call = call_of(red)

    assert isinstance(call, Reverse)
    assert call.original == HERE
    assert reversed_(original, call.ask, HERE) == red
    assert call_of(original) == Issue(draft)


def test_a_part_is_taken_back_as_a_part() -> None:
    original = issued(lawful_draft(), HERE)
    part = ReversalAsk(reason="01", lines=(LineAsk(line=0, net_fen=3_333),))
    red = reversed_(original, part, HERE)

    call = call_of(red)

    assert isinstance(call, Reverse)
    assert call.ask.lines == part.lines
    assert reversed_(original, call.ask, HERE) == red
