"""What the ledger promises: invoices, their erasure, credit, forms that are confirmed."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.errors import Outage, Refusal
from kaipiao.fiscal.confirmation import Confirmation, Use
from kaipiao.fiscal.credit import CreditLine
from kaipiao.fiscal.erasure import Erasure, Ground
from kaipiao.fiscal.invoice import Amounts, IdempotencyKey, Invoice, Receipt, pair_up
from kaipiao.fiscal.month import TaxMonth
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import TakenBack


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One checked invoice on its way into the ledger, with everything the commit needs."""

    seller: str
    key: IdempotencyKey
    asked: Digest  # of what the caller sent: a repeat must match it
    payload: bytes  # canonical draft
    digest: Digest  # of payload
    amounts: tuple[int, ...]  # net, tax, net, tax, … in fen, one pair a line
    totals: Amounts
    draws_fen: int  # on the seller's credit line; negative gives back
    taken_back: TakenBack | None = None  # only for a red letter
    confirmation: str = ""  # the form that this red letter spends

    @property
    def lines(self) -> tuple[Amounts, ...]:
        return pair_up(self.amounts)


Outcome = Receipt | Refusal | Outage
"""What became of one entry of a crowd.  An Outage is unknown: ask again with the same key."""


Tell = Callable[[Receipt | Exception], None]
"""Who is told an outcome, once; an exception that is neither refusal nor outage is a defect.
It is called in the middle of other people's business, so it is quick and does not raise."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list, in the order of the evidence log.

    Everything with a log index below ``high_water`` is in this list or never will be, so a
    caller who pulls again from ``after`` misses nothing and sees nothing twice.
    """

    invoices: tuple[Invoice, ...]
    after: int | None  # continue here; None when this page is the last for now
    high_water: int


class Ledger(Protocol):
    """Remembers.  Every method may raise Outage: unknown; ask again."""

    async def record(self, entry: Entry) -> Receipt:
        """Issue ``entry`` durably, exactly once per seller and key.

        The same key with the same ``asked`` answers with the first receipt, ``replayed``.

        Raises:
            KeyReused: the key is taken by something else.
            CreditLineExhausted, CreditLineMissing, RulesBroken: nothing was issued or drawn.
            Outage: it may or may not have been issued; ask again with the same key.
        """
        ...

    def enter(self, entry: Entry, tell: Tell) -> None:
        """As ``record``, for callers who can afford neither a coroutine nor a future.

        The entry is on its way when this returns, and ``tell`` may have been called already.
        """
        ...

    async def record_all(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Issue a crowd; outcomes in the same order, no entry failing its neighbours."""
        ...

    async def recall(self, seller: str, key: IdempotencyKey, *, asked: Digest) -> Receipt | None:
        """The receipt already given for this very request, if there is one.

        Raises:
            KeyReused: the key is taken by something else.
        """
        ...

    async def read(self, number: InvoiceNumber) -> Invoice | None: ...

    async def find_key(self, seller: str, key: IdempotencyKey) -> Invoice | None: ...

    async def find_digest(self, digest: Digest) -> Sequence[Invoice]:
        """All invoices whose canonical draft has this digest, newest last, at most 100."""
        ...

    async def page(
        self,
        seller: str,
        *,
        since: date | None = None,
        until: date | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Page:
        """A seller's invoices, by Beijing days (both included), from log index ``after`` on."""
        ...

    async def taken_back(self, number: InvoiceNumber) -> dict[int, Amounts]:
        """By line of this original: what red letters have taken back so far (positive)."""
        ...

    async def red_letters(self, number: InvoiceNumber) -> Sequence[InvoiceNumber]:
        """The red letters issued against this original, oldest first."""
        ...


class Erasures(Protocol):
    """Destroys the content of invoices; what was noted can only be finished.

    Of an erased invoice ``Ledger.read`` and ``record`` raise InvoiceErased.
    """

    async def note(
        self, number: InvoiceNumber, *, at: datetime, why: str, ground: Ground
    ) -> Erasure:
        """Decide it durably; a repeat returns the first decision.

        Raises:
            NoSuchInvoice, InvoiceErased: there is nothing (any more) to erase.
        """
        ...

    async def wipe(self, number: InvoiceNumber) -> None:
        """Destroy the content of a noted one wherever the ledger has it; again, if you like.

        Raises:
            Outage: not all of it yet; ask again.
        """
        ...

    async def open(self) -> Sequence[Erasure]:
        """Those that were noted and not closed, oldest first."""
        ...

    async def close(self, number: InvoiceNumber, *, at: datetime) -> None: ...


class Uses(Protocol):
    """What the buyer did with an invoice: 用途确认, 入账.  Recorded once, never undone."""

    async def note_use(self, number: InvoiceNumber, use: Use, *, at: datetime) -> None: ...

    async def uses(self, number: InvoiceNumber) -> frozenset[Use]: ...


class CreditBook(Protocol):
    async def grant(self, seller: str, limit_fen: int, *, month: TaxMonth) -> CreditLine:
        """Set the standing monthly limit, and this month's; never below what is drawn.

        Raises:
            CreditLineExhausted: more than ``limit_fen`` is already drawn this month.
        """
        ...

    async def adjust(self, seller: str, limit_fen: int, *, month: TaxMonth) -> CreditLine:
        """Set one month's limit only.  Raises as ``grant``; CreditLineMissing without a line."""
        ...

    async def line(self, seller: str, *, month: TaxMonth) -> CreditLine | None: ...

    async def roll(self, month: TaxMonth) -> int:
        """Open this month's line for every seller with a standing limit; how many were opened."""
        ...


class Confirmations(Protocol):
    async def open(self, form: Confirmation, *, key: IdempotencyKey, asked: Digest) -> Confirmation:
        """Store a new form under the starter's key; a repeat returns the first one.

        Raises:
            KeyReused: the key names another form.
        """
        ...

    async def read(self, form_id: str) -> Confirmation | None: ...

    async def of_taxpayer(self, taxpayer: str, *, after: str, limit: int) -> Sequence[Confirmation]:
        """Forms in which the taxpayer is seller or buyer, by id, from after ``after`` on."""
        ...

    async def advance(self, before: Confirmation, after: Confirmation) -> bool:
        """Replace ``before`` by ``after`` if it still stands; False if someone was faster."""
        ...

    async def lapse(self, now: datetime) -> int:
        """Write down every form whose 72 hours have passed; how many."""
        ...
