"""The judge finds every lie it was made to find, and nothing in books that are in order."""

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

import msgspec
import pytest

from kaipiao.continuity.drill.books import Books
from kaipiao.continuity.drill.heard import Heard, Told, Totals
from kaipiao.continuity.drill.judge import judge
from kaipiao.continuity.drill.sales import Sale
from kaipiao.continuity.drill.tally import Tally, count
from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.merkle import tree_root
from kaipiao.fiscal.month import TaxMonth
from kaipiao.ledger.inventory import Batch, Block, CreditHeld, Held, key_mark, mark

SERIES, NOVEMBER = 26311, TaxMonth(202611)
NAMES = [("A", "a-1"), ("B", "b-1"), ("A", "a-2"), ("B", "b-2"), ("A", "a-1-red")]
NETS = [100, 70, 200, 30, -100]


class Case(NamedTuple):
    """A cell of five invoices in two batches, the last of them a red letter against the first."""

    books: Books
    heard: Heard
    seen: list[Checkpoint]

    @property
    def verdict(self) -> list[str]:
        return judge(self.books, self.heard, self.seen)

    @property
    def tally(self) -> Tally:
        return count(self.books, self.heard, {"n1": self.seen})


def number_of(serial: int) -> str:
    return f"{SERIES}{serial:015}"


@pytest.fixture
def case() -> Case:
    books, heard = Books(), Heard()
    for place, ((seller, key), net_fen) in enumerate(zip(NAMES, NETS, strict=True)):
        number, content = number_of(place + 1), sha256(key.encode()).hexdigest()
        leaf = sha256(number.encode()).digest()
        fields = (number, seller, key, content, net_fen, net_fen // 10, NOVEMBER)
        books.invoices.append(Held(*fields, leaf, leaf_is_right=True))
        books.keys[key_mark(seller, key)] = number
        seller_mark = mark(sha256(seller.encode()).digest())
        books.indexed.append((place, seller_mark, mark(bytes.fromhex(content))))
        books.entries.append(leaf)
        original = number_of(1) if net_fen < 0 else ""
        sale = Sale(seller, key, b"", content, net_fen, net_fen // 10, original)
        heard.sales[sale.name] = sale
        totals = Totals(net_fen, net_fen // 10, net_fen + net_fen // 10)
        heard.receipts[sale.name] = Told(number, "", seller, key, content, totals)
    books.batches = [Batch(SERIES, 1, 3), Batch(SERIES, 4, 2)]
    books.log_batches = [(0, books.batches[0]), (3, books.batches[1])]
    books.log_size = 5
    books.blocks = [Block(SERIES, 1, 10, 6), Block(SERIES, 11, 20, 11)]
    books.credit = {("A", NOVEMBER): CreditHeld(1_000, 200), ("B", NOVEMBER): CreditHeld(100, 100)}
    books.taken_fen = {number_of(1): 100}
    roots = {size: tree_root(books.entries[:size]) for size in (0, 3, 5)}
    seen = [Checkpoint("log", size, root) for size, root in roots.items()]
    books.checkpoint = seen[-1]
    return Case(books, heard, seen)


def test_books_in_order_are_left_alone(case: Case) -> None:
    assert case.verdict == []


def lose(case: Case) -> None:
    del case.books.invoices[1]


def change_what_is_stored(case: Case) -> None:
    case.books.invoices[1] = msgspec.structs.replace(case.books.invoices[1], net_fen=71)


def tell_another_number(case: Case) -> None:
    case.heard.receipts["B", "b-1"].number = number_of(9)


def tell_one_number_twice(case: Case) -> None:
    case.heard.receipts["B", "b-1"].number = number_of(1)


def say_nothing(case: Case) -> None:
    del case.heard.receipts["B", "b-1"]


def refuse_and_issue(case: Case) -> None:
    del case.heard.receipts["B", "b-1"]
    case.heard.refused["B", "b-1"] = "credit-line-exhausted"


def issue_a_key_twice(case: Case) -> None:
    case.books.invoices.append(msgspec.structs.replace(case.books.invoices[0], number=number_of(6)))


def store_a_number_twice(case: Case) -> None:
    case.books.invoices.append(msgspec.structs.replace(case.books.invoices[0], key="a-9"))


def forget_a_key(case: Case) -> None:
    case.books.keys.popitem()


def leave_a_gap(case: Case) -> None:
    case.books.blocks[0] = Block(SERIES, 1, 10, 8)


def go_past_the_block(case: Case) -> None:
    case.books.blocks[0] = Block(SERIES, 1, 10, 5)


def cut_a_block_twice(case: Case) -> None:
    case.books.blocks.append(Block(SERIES, 2, 10, 4))


def draw_too_much(case: Case) -> None:
    case.books.credit["A", NOVEMBER] = CreditHeld(1_000, 300)


def draw_nothing(case: Case) -> None:
    del case.books.credit["A", NOVEMBER]


def overdraw(case: Case) -> None:
    case.books.credit["B", NOVEMBER] = CreditHeld(99, 100)


def take_back_twice(case: Case) -> None:
    case.books.taken_fen[number_of(1)] = 200


def leave_a_batch_waiting(case: Case) -> None:
    case.books.waiting = 1


def order_a_batch_twice(case: Case) -> None:
    case.books.log_batches.append((5, case.books.batches[1]))


def leave_out_a_batch(case: Case) -> None:
    del case.books.log_batches[1]


def skip_a_place(case: Case) -> None:
    case.books.log_batches[1] = (4, case.books.batches[1])


def publish_a_leaf_twice(case: Case) -> None:
    case.books.entries.append(case.books.entries[-1])


def publish_another_leaf(case: Case) -> None:
    case.books.entries[2] = bytes(32)


def make_a_leaf_of_nothing(case: Case) -> None:
    case.books.invoices[2] = msgspec.structs.replace(case.books.invoices[2], leaf_is_right=False)


def forget_a_row_of_the_index(case: Case) -> None:
    del case.books.indexed[2]


def publish_too_little(case: Case) -> None:
    case.books.checkpoint = case.seen[1]


def damage_a_tile(case: Case) -> None:
    case.books.damage.append("tile/0/000 is missing")


def show_another_log(case: Case) -> None:
    case.seen.insert(1, Checkpoint("log", 2, bytes(32)))


def show_more_than_there_is(case: Case) -> None:
    case.seen.append(Checkpoint("log", 9, bytes(32)))


def go_back(case: Case) -> None:
    case.seen.append(case.seen[1])


def answer_wrongly(case: Case) -> None:
    case.heard.fault("something else than success")


LIES: dict[Callable[[Case], None], str] = {
    lose: "lost: ",
    change_what_is_stored: "changed: ",
    tell_another_number: "changed: ",
    tell_one_number_twice: "number told to 2",
    say_nothing: "invented: ",
    refuse_and_issue: "refused and issued: ",
    issue_a_key_twice: "key issued 2 times",
    store_a_number_twice: "number stored 2 times",
    forget_a_key: "keys and invoices differ",
    leave_a_gap: "gaps: 2 numbers",
    go_past_the_block: "numbers outside what blocks assigned",
    cut_a_block_twice: "two blocks overlap",
    draw_too_much: "200 fen issued, 300 drawn",
    draw_nothing: "200 fen issued, None drawn",
    overdraw: "100 drawn of 99",
    take_back_twice: "taken back and told differ",
    leave_a_batch_waiting: "no place in the log",
    order_a_batch_twice: "2 batches were committed, 3 have a place",
    leave_out_a_batch: "2 batches were committed, 1 have a place",
    skip_a_place: "the log goes on at 4 after 3",
    publish_a_leaf_twice: "published 6 leaves, committed 5",
    publish_another_leaf: "differ at 2",
    make_a_leaf_of_nothing: "leaves are not of their invoices",
    forget_a_row_of_the_index: "the index by seller",
    publish_too_little: "the checkpoint has 3 of 5",
    damage_a_tile: "tile/0/000 is missing",
    show_another_log: "the checkpoint of 2 is no beginning",
    show_more_than_there_is: "the checkpoint of 9 is no beginning",
    go_back: "the log went back",
    answer_wrongly: "wrong answer: ",
}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lie_is_found(case: Case, lie: Callable[[Case], None]) -> None:
    lie(case)

    assert any(LIES[lie] in finding for finding in case.verdict), case.verdict


COUNTED: dict[Callable[[Case], None], str] = {
    lose: "acknowledged_lost",
    change_what_is_stored: "acknowledged_lost",
    tell_one_number_twice: "duplicates",
    issue_a_key_twice: "duplicates",
    store_a_number_twice: "duplicates",
    leave_a_gap: "gaps",
    overdraw: "overdrawn",
}


def test_books_in_order_are_counted_as_such(case: Case) -> None:
    assert case.tally == Tally(
        acknowledged=5, acknowledged_lost=0, duplicates=0, gaps=0, overdrawn=0, root_extends=True
    )


@pytest.mark.parametrize("lie", COUNTED, ids=lambda lie: lie.__name__)
def test_a_lie_is_counted(case: Case, lie: Callable[[Case], None]) -> None:
    lie(case)

    assert getattr(case.tally, COUNTED[lie]) >= 1


@pytest.mark.parametrize("lie", [show_another_log, show_more_than_there_is, go_back])
def test_a_root_that_does_not_extend_is_told(case: Case, lie: Callable[[Case], None]) -> None:
    lie(case)

    assert not case.tally.root_extends


def test_invoices_of_an_earlier_drill_are_not_held_against_this_one(case: Case) -> None:
    """Sellers of B were somebody else's: its invoices count for the log, and for nothing more."""
    heard = Heard(["A"])
    heard.receipts = {name: told for name, told in case.heard.receipts.items() if name[0] == "A"}
    heard.sales = {name: sale for name, sale in case.heard.sales.items() if name[0] == "A"}

    assert judge(case.books, heard, case.seen) == []


def test_an_invoice_of_our_own_sellers_that_nobody_was_told_of_is_still_found(case: Case) -> None:
    heard = Heard(["A"])

    assert any("invented" in finding for finding in judge(case.books, heard, case.seen))
