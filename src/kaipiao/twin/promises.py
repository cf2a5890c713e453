"""What must hold, recomputed from what was issued.  The judge of every storm.

``Watch`` looks after every single statement; ``check_ledger`` looks once, when all is calm.
Neither asks the core what is right: months, sums, blocks and lines are worked out here again,
slowly and by themselves.  Every fault comes back as a sentence; no sentence, no fault.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from kaipiao.fiscal.confirmation import Confirmation
from kaipiao.fiscal.draft import Draft
from kaipiao.twin.book import Book
from kaipiao.twin.invoices import Kept
from kaipiao.twin.memory import Memory

STEPS = {
    "01": {"08", "10"},
    "02": {"04", "05", "07", "08", "10"},
    "03": {"04", "06", "07", "08", "10"},
    "04": {"09", "10"},
}
"""What may become of a form, state by state; from any other state, nothing."""

Held = dict[int, tuple[int, int]]
"""By line of an original: net and tax."""

FIRST = {"01", "02", "03"}
HOURS_72 = timedelta(hours=72)


class Watch:
    """Looks at the tables after every statement, so that no wrong is only passing."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._forms: dict[str, Confirmation] = {}
        self._seen = 0
        self.broken: list[str] = []

    def after(self, what: str) -> None:
        for fault in (*self._lines(), *self._changed_forms(), *self._new_invoices()):
            self.broken.append(f"after {what}: {fault}")

    def _lines(self) -> Iterator[str]:
        for line in self._memory.credit.lines.values():
            if line.drawn_fen + line.leased_fen > line.limit_fen:
                yield f"{line.seller} {line.month} is overdrawn: {line.drawn_fen}"

    def _changed_forms(self) -> Iterator[str]:
        for form_id, form in self._memory.forms.forms.items():
            before = self._forms.get(form_id)
            if form is before:
                continue
            self._forms[form_id] = form
            if before is None:
                if form.state not in FIRST:
                    yield f"form {form_id} began in {form.state}"
            else:
                yield from _step(before, form)

    def _new_invoices(self) -> Iterator[str]:
        kept = self._memory.invoices.kept
        fresh = islice(reversed(kept.values()), max(0, len(kept) - self._seen))
        self._seen = len(kept)
        for one in fresh:
            reversal = _draft(one).reversal
            if reversal is not None and self._memory.originals.uses(reversal.original):
                form = self._memory.forms.forms.get(reversal.confirmation)
                if form is None or form.state != "04":
                    yield f"{one.receipt.number} takes back a used invoice without agreement"


def _step(before: Confirmation, after: Confirmation) -> Iterator[str]:
    name = f"form {after.form_id}"
    if before.state != after.state:
        if before.red_letter or after.state not in STEPS.get(before.state, ()):
            yield f"{name} went from {before.state} to {after.state}"
        if after.state == "04" and after.changed_at - before.opened_at >= HOURS_72:
            yield f"{name} was confirmed after its 72 hours"
    if before.red_letter != after.red_letter and (before.red_letter or after.state not in STEPS):
        yield f"{name} was spent in {after.state}, before by {before.red_letter or 'nobody'}"


def check_ledger(memory: Memory, book: Book) -> list[str]:
    """Every promise of the ledger, once nothing is on its way any more."""
    every = [*memory.invoices.ordered]
    every += [kept for waiting in memory.order.waiting for kept in waiting.batch]
    return [
        *_check_numbers(memory, every),
        *_check_keys(every, book),
        *_check_credit(memory, every),
        *_check_red_letters(memory, every),
        *_check_forms(memory, every),
        *_check_uses(memory, book),
    ]


def _check_numbers(memory: Memory, every: list[Kept]) -> Iterator[str]:
    """Unique, of the year in which they were issued, and without a gap inside a block."""
    for number, times in Counter(kept.receipt.number for kept in every).items():
        if times > 1:
            yield f"{number} was given {times} times"
    used = defaultdict(set)
    for kept in every:
        used[kept.receipt.number[:5]].add(int(kept.receipt.number[5:]))
        if kept.receipt.number[:2] != f"{_beijing(kept.receipt.issued_at):%y}":
            yield f"{kept.receipt.number} was issued at {kept.receipt.issued_at}"
    for block in memory.numbers.blocks:
        own = set(range(block.first_serial, block.next_serial))
        missing = own - used[f"{block.series:05}"]
        used[f"{block.series:05}"] -= own
        if missing:
            yield f"block {block.block} lacks {sorted(missing)}"
    for series, strays in used.items():
        if strays:
            yield f"{series} has numbers outside of every block: {sorted(strays)}"


def _check_keys(every: list[Kept], book: Book) -> Iterator[str]:
    """One key, one invoice; what was promised is there, and nothing that nobody asked for."""
    for key, times in Counter((kept.entry.seller, kept.entry.key) for kept in every).items():
        if times > 1:
            yield f"key {key} has {times} invoices"
    there = {(kept.entry.seller, kept.entry.key): kept.receipt for kept in every}
    for key_of, receipt in book.receipts.items():
        if there.get(key_of) != receipt:
            found = there[key_of].number if key_of in there else "nothing"
            yield f"{receipt.number} was promised for {key_of}, and there is {found}"
    for key_of in there.keys() - book.receipts.keys():
        yield f"nobody can find out about {there[key_of].number} by asking for {key_of}"


def _check_credit(memory: Memory, every: list[Kept]) -> Iterator[str]:
    """What is drawn is what was issued, by seller and Beijing month, to the fen."""
    issued: Counter[tuple[str, int]] = Counter()
    for kept in every:
        day = _beijing(kept.receipt.issued_at)
        net_fen = sum(line.net_fen for line in kept.entry.lines)
        issued[kept.entry.seller, day.year * 100 + day.month] += net_fen
    drawn: dict[tuple[str, int], int] = {
        (line.seller, line.month): line.drawn_fen for line in memory.credit.lines.values()
    }
    for key in sorted({*issued, *drawn}):
        if issued[key] != drawn.get(key, 0):
            yield f"{key}: {issued[key]} fen issued, {drawn.get(key, 0)} drawn"


def _check_red_letters(memory: Memory, every: list[Kept]) -> Iterator[str]:
    """No line gives back more than it held; the last of its net takes the last of its tax."""
    held: dict[str, Held] = {
        one.receipt.number: _held(one) for one in every if _draft(one).reversal is None
    }
    taken: Counter[tuple[str, int, str]] = Counter()
    for one in every:
        reversal = _draft(one).reversal
        if reversal is None:
            continue
        for line, amounts in zip(reversal.lines, one.entry.lines, strict=True):
            taken[reversal.original, line, "net"] -= amounts.net_fen
            taken[reversal.original, line, "tax"] -= amounts.tax_fen
    for number, line in sorted({key[:2] for key in taken}):
        net_fen, tax_fen = taken[number, line, "net"], taken[number, line, "tax"]
        had_net, had_tax = held.get(number, {}).get(line, (0, 0))
        where = f"line {line} of {number}"
        if not (0 <= net_fen <= had_net and 0 <= tax_fen <= had_tax):
            yield f"{where} held {had_net} + {had_tax} and gave back {net_fen} + {tax_fen}"
        elif net_fen == had_net and tax_fen != had_tax:
            yield f"{where} has no net left, and {had_tax - tax_fen} of its tax"
        known = memory.originals.taken.get(number, {}).get(line)
        if known is None or (known.net_fen, known.tax_fen) != (net_fen, tax_fen):
            yield f"{where} gave back {net_fen} + {tax_fen}, and the ledger says {known}"


def _check_forms(memory: Memory, every: list[Kept]) -> Iterator[str]:
    """None waits for ever; a form and the one red letter that spent it name each other."""
    spent = defaultdict(list)
    for one in every:
        reversal = _draft(one).reversal
        if reversal is not None and reversal.confirmation:
            spent[reversal.confirmation].append(one.receipt.number)
    for form in memory.forms.forms.values():
        if form.state in ("02", "03"):
            yield f"form {form.form_id} is stuck in {form.state}"
        by = spent.pop(form.form_id, [])
        if by != [form.red_letter] * bool(form.red_letter):
            yield f"form {form.form_id} says {form.red_letter or 'unspent'}, and {by} spent it"
    for form_id in spent:
        yield f"form {form_id} was spent and does not exist"


def _check_uses(memory: Memory, book: Book) -> Iterator[str]:
    for number, uses in book.uses.items():
        if not uses <= memory.originals.uses(number):
            yield f"{number}: a use that was noted is forgotten"


def check_wholly_reversed(memory: Memory, numbers: Iterable[str]) -> Iterator[str]:
    """Of these nothing may be left: somebody just took back all the rest."""
    for number in numbers:
        kept, taken = memory.invoices.kept[number], memory.originals.taken.get(number, {})
        for line, (net_fen, tax_fen) in _held(kept).items():
            gone = taken.get(line)
            back = (0, 0) if gone is None else (gone.net_fen, gone.tax_fen)
            if back != (net_fen, tax_fen):
                yield f"line {line} of {number} cannot be taken back to the end: {gone}"


def _held(kept: Kept) -> Held:
    """What each line can give back; a discount is part of the line above it."""
    held: Held = {}
    above = 0
    lines = zip(_draft(kept).lines, kept.entry.lines, strict=True)
    for index, (line, amounts) in enumerate(lines):
        above = above if line.nature == "discount" else index
        net_fen, tax_fen = held.get(above, (0, 0))
        held[above] = (net_fen + amounts.net_fen, tax_fen + amounts.tax_fen)
    return held


def _draft(kept: Kept) -> Draft:
    return msgspec.json.decode(kept.entry.payload, type=Draft)


def _beijing(instant: datetime) -> datetime:
    return instant + timedelta(hours=8)
