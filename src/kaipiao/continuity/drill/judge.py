"""The judge: what callers heard against what the cell holds.  Pure; every finding is a sentence.

One function for each promise.  ``judge`` runs all of them, whatever the others found.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

from kaipiao.continuity.drill.books import Books
from kaipiao.continuity.drill.heard import Heard
from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.merkle import Frontier, leaf_hash
from kaipiao.ledger.inventory import key_mark, mark

SHOWN = 5


def judge(books: Books, heard: Heard, seen: Sequence[Checkpoint]) -> list[str]:
    """Every promise that does not hold; ``seen`` are the checkpoints of the run, in their order."""
    findings = [f"wrong answer: {fault}" for fault in heard.faults]
    for promise in PROMISES:
        findings += few(promise(books, heard))
    return findings + list(few(one_log(books, seen)))


def nothing_is_lost(books: Books, heard: Heard) -> Iterator[str]:
    stored = {(one.seller, one.key): one for one in books.invoices}
    for name, told in heard.receipts.items():
        held = stored.get(name)
        if held is None:
            yield f"lost: {name} was told {told.number}, and it is not there"
            continue
        said = (told.number, told.digest, told.totals.net_fen, told.totals.tax_fen)
        if said != (held.number, held.digest, held.net_fen, held.tax_fen):
            yield f"changed: {name} was told {said}, stored is {held}"


def nothing_is_invented(books: Books, heard: Heard) -> Iterator[str]:
    """Everybody asked until they were answered, so nothing is there that nobody heard of."""
    for one in books.invoices:
        if not heard.is_ours(one.seller):
            continue
        name = (one.seller, one.key)
        if name in heard.refused:
            yield f"refused and issued: {name} is {one.number}"
        elif name not in heard.receipts:
            yield f"invented: {name} is {one.number}, and nobody was told"


def no_number_twice(books: Books, heard: Heard) -> Iterator[str]:
    numbers = Counter(told.number for told in heard.receipts.values())
    yield from (f"number told to {n}: {number}" for number, n in numbers.items() if n > 1)
    numbers = Counter(one.number for one in books.invoices)
    yield from (f"number stored {n} times: {number}" for number, n in numbers.items() if n > 1)


def no_gap_inside_a_block(books: Books, heard: Heard) -> Iterator[str]:
    used = _used(books)
    assigned: dict[int, set[int]] = {}
    for block in books.blocks:
        serials = range(block.first_serial, block.next_serial)
        if not assigned.setdefault(block.series, set()).isdisjoint(serials):
            yield f"two blocks overlap at {block}"
        assigned[block.series].update(serials)
    for series in used | assigned:
        missing = assigned.get(series, set()) - used.get(series, set())
        foreign = used.get(series, set()) - assigned.get(series, set())
        if missing:
            yield f"gaps: {len(missing)} numbers, the first {min(missing)}"
        if foreign:
            yield f"numbers outside what blocks assigned: {len(foreign)}, {min(foreign)}"


def missing_serials(books: Books) -> dict[int, set[int]]:
    """Numbers that were assigned and that no invoice has, by series."""
    used = _used(books)
    missing: dict[int, set[int]] = {}
    for block in books.blocks:
        serials = set(range(block.first_serial, block.next_serial))
        missing.setdefault(block.series, set()).update(serials - used.get(block.series, set()))
    return missing


def _used(books: Books) -> dict[int, set[int]]:
    used: dict[int, set[int]] = {}
    for batch in books.batches:
        serials = range(batch.first_serial, batch.first_serial + batch.count)
        used.setdefault(batch.series, set()).update(serials)
    return used


def no_key_twice(books: Books, heard: Heard) -> Iterator[str]:
    names = Counter((one.seller, one.key) for one in books.invoices)
    yield from (f"key issued {n} times: {name}" for name, n in names.items() if n > 1)
    stored = {key_mark(one.seller, one.key): one.number for one in books.invoices}
    if stored != books.keys:
        yield f"keys and invoices differ in {len(stored.items() ^ books.keys.items())}"


def credit_drawn_is_credit_issued(books: Books, heard: Heard) -> Iterator[str]:
    issued: Counter[tuple[str, int]] = Counter()
    for one in books.invoices:
        issued[one.seller, one.month] += one.net_fen
    for line in issued.keys() | books.credit.keys():
        held = books.credit.get(line)
        drawn = held.drawn_fen if held else None
        if drawn != issued[line] and (drawn or issued[line]):
            yield f"credit of {line}: {issued[line]} fen issued, {drawn} drawn"
        if held and held.drawn_fen > held.limit_fen:
            yield f"credit of {line}: {held.drawn_fen} drawn of {held.limit_fen}"


def red_letters_take_back_once(books: Books, heard: Heard) -> Iterator[str]:
    wanted: Counter[str] = Counter()
    for name in heard.receipts:
        sale = heard.sales[name]
        if sale.original:
            wanted[sale.original] -= sale.net_fen
    ours = {one.number for one in books.invoices if heard.is_ours(one.seller)}
    taken = {number: fen for number, fen in books.taken_fen.items() if number in ours}
    if dict(wanted) != taken:
        differ = wanted.items() ^ taken.items()
        yield f"taken back and told differ: {sorted(differ)[:SHOWN]}"


def every_leaf_once(books: Books, heard: Heard) -> Iterator[str]:
    """Committed batches, their places, the derived index and the published entries are one list."""
    if books.waiting:
        yield f"{books.waiting} batches have no place in the log"
    ordered = [batch for _, batch in books.log_batches]
    if sorted(ordered, key=repr) != sorted(books.batches, key=repr):
        yield f"{len(books.batches)} batches were committed, {len(ordered)} have a place"
    index = 0
    leaves, expected = {one.number: one.leaf for one in books.invoices}, []
    marks = {
        one.number: (mark(sha256(one.seller.encode()).digest()), mark(bytes.fromhex(one.digest)))
        for one in books.invoices
    }
    rows: list[tuple[int, int, int]] = []
    for first, batch in books.log_batches:
        if first != index:
            yield f"the log goes on at {first} after {index}"
        for serial in range(batch.first_serial, batch.first_serial + batch.count):
            number = f"{batch.series:05}{serial:015}"
            expected.append(leaves.get(number, b""))
            rows.append((index, *marks.get(number, (0, 0))))
            index += 1
    if index != books.log_size:
        yield f"the log's size is {books.log_size}, its batches have {index} leaves"
    if books.entries != expected:
        at = next(
            (
                n
                for n, pair in enumerate(zip(books.entries, expected, strict=False))
                if pair[0] != pair[1]
            ),
            min(len(books.entries), len(expected)),
        )
        yield f"published {len(books.entries)} leaves, committed {len(expected)}; differ at {at}"
    if books.indexed != rows:
        yield "the index by seller is not what the log says"
    wrong = [one.number for one in books.invoices if not one.leaf_is_right]
    if wrong:
        yield f"{len(wrong)} leaves are not of their invoices: {wrong[0]}"


def the_log_is_whole(books: Books, heard: Heard) -> Iterator[str]:
    yield from books.damage
    if books.checkpoint and books.checkpoint.size != len(books.invoices):
        yield f"the checkpoint has {books.checkpoint.size} of {len(books.invoices)} leaves"


def one_log(books: Books, seen: Sequence[Checkpoint]) -> Iterator[str]:
    """Each checkpoint ever seen is a beginning of the published log, and none went back."""
    frontier = Frontier()
    roots = {0: frontier.root()}
    for size in sorted({one.size for one in seen}):
        grown = books.entries[frontier.size : size]
        frontier, _ = frontier.grow([leaf_hash(leaf) for leaf in grown])
        roots[size] = frontier.root()
    for one in seen:
        if one.size > len(books.entries) or roots[one.size] != one.root:
            yield f"the checkpoint of {one.size} is no beginning of the log of {len(books.entries)}"
    sizes = [one.size for one in seen]
    if sizes != sorted(sizes):
        yield "the log went back"


PROMISES: tuple[Callable[[Books, Heard], Iterator[str]], ...] = (
    nothing_is_lost,
    nothing_is_invented,
    no_number_twice,
    no_gap_inside_a_block,
    no_key_twice,
    credit_drawn_is_credit_issued,
    red_letters_take_back_once,
    every_leaf_once,
    the_log_is_whole,
)


def few(findings: Iterable[str]) -> list[str]:
    """A handful of each kind: a thousand lost invoices need no thousand lines."""
    every = list(findings)
    more = [f"… and {len(every) - SHOWN} more like it"] if len(every) > SHOWN else []
    return every[:SHOWN] + more
