"""Every seam of the system, on one page.

A port is a promise made by something that can fail without us: a disk, a clock, another
company's server.  What is not on this page cannot fail on its own, so this is also the list
of everything the twin knows how to break.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.errors import Outage, Refusal
from kaipiao.fiscal.audit import AuditEvent
from kaipiao.fiscal.confirmation import Confirmation, Use
from kaipiao.fiscal.credit import CreditLine
from kaipiao.fiscal.delivery import (
    Attempt,
    Delivery,
    DownloadLink,
    NewDelivery,
    Parcel,
    StandingOrder,
    Verdict,
)
from kaipiao.fiscal.erasure import Erasure, Ground
from kaipiao.fiscal.imports import Import, Sale, SaleResult
from kaipiao.fiscal.invoice import Amounts, IdempotencyKey, Invoice, Receipt, pair_up
from kaipiao.fiscal.month import TaxMonth
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import TakenBack
from kaipiao.fiscal.seal import (
    Backlog,
    BreakerReport,
    Score,
    Sealable,
    SealKey,
    SealLot,
    SealStanding,
    VendorStanding,
)
from kaipiao.fiscal.violation import Violation


class Clock(Protocol):
    def now(self) -> datetime:
        """This instant, in UTC."""
        ...


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


class LeafOrder(Protocol):
    """Gives every committed leaf its place in the log, for ever."""

    async def sequence(self) -> int:
        """Order every batch that was committed and has no place yet; the log's new size.

        Durable before it returns.  Two callers never give one place twice.
        """
        ...

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        """Ordered leaves (32 bytes each) from index ``start``; at most about ``limit``."""
        ...


class Announcement(msgspec.Struct, frozen=True):
    """What a log says of itself, such as a change of its keys: an entry that is no invoice."""

    leaf: bytes  # 32 bytes that commit to the text
    text: str
    log_index: int | None  # None: it has no place yet


class Announcements(Protocol):
    async def add(self, leaf: bytes, text: str) -> None:
        """Let this have a place in the log; once, however often it is said."""
        ...

    async def all(self) -> Sequence[Announcement]:
        """In the order in which they were said."""
        ...


class TreeHead(msgspec.Struct, frozen=True):
    """A tree of the log: how many leaves, and the root over them (32 bytes)."""

    size: int
    root: bytes


class SignedHeads(Protocol):
    """Where all who may sign for a log agree on the tree that is signed next, before they sign.

    A log is named by its first origin; whatever origins it gets later sign the same tree.
    """

    async def standing(self, log: str, *, sure: bool = False) -> TreeHead | None:
        """The largest tree that was agreed upon, and perhaps signed; None for a new log.

        ``sure``: it is as durable as an acknowledged invoice before this returns.  Whoever did not
        swap it in himself must be sure before he signs it.
        """
        ...

    async def swap(self, log: str, before: TreeHead | None, after: TreeHead) -> bool:
        """Let ``after`` stand where ``before`` does; whether it stands there now.

        Durable before it returns.  Nothing shrinks, and no size gets a second root.  Asking again
        is harmless: it stands already.
        """
        ...


class SharedNotes(Protocol):
    """Signed notes about our logs that the leading member got for all members: by the log's
    origin, the newest under each name.  Whoever reads one proves it; nothing is believed here.
    """

    async def read(self, log: str) -> Mapping[str, str]:
        """By name; empty if there are none yet."""
        ...

    async def put(self, log: str, name: str, size: int, note: str) -> None:
        """Let all have this note about a tree of ``size``, unless they have one of a larger."""
        ...


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event in its place in the audit log, and what its leaf was made of."""

    index: int
    salt: bytes
    content: bytes  # canonical

    @property
    def event(self) -> AuditEvent:
        return msgspec.json.decode(self.content, type=AuditEvent)


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Every filter narrows; empty or None filters nothing."""

    actor: str = ""
    action: str = ""
    object: str = ""
    tenant: str = "*"  # whose actors; * stands for everyone, those of no tenant too
    since: datetime | None = None  # whole seconds
    until: datetime | None = None  # not included


class AuditTrail(Protocol):
    """Who did what.  Written once and never changed; every method may raise Outage."""

    async def append(self, events: Sequence[AuditEvent]) -> None:
        """Write these in their order, each with its place in the log.

        Durable before it returns.  After an Outage they may be there or not.
        """
        ...

    async def page(
        self, wanted: AuditQuery, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Recorded]:
        """Newest first, from below place ``before``."""
        ...

    async def read(self, event_id: str) -> Recorded | None: ...

    async def kept(self) -> tuple[int, int]:
        """The first place whose event is kept, and the log's size; equal if none is."""
        ...

    async def unanswered(self, *, older_than_s: float, limit: int = 100) -> Sequence[Recorded]:
        """What was asked so long ago and has no outcome, oldest first."""
        ...

    async def forgettable(self, *, days: int) -> int | None:
        """The last place of all that is older than so many days; None if nothing is."""
        ...

    async def forget(self, *, days: int, through: int) -> int:
        """Destroy events and salts up to ``through`` that are so old; the first place still kept.

        Their leaves stay.  Nothing younger than 184 days goes, whatever is asked.
        """
        ...


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """Who is calling.  ``taxpayers`` holds the ids it may act for; ``*`` stands for all."""

    key_id: str
    tenant: str
    name: str
    may: frozenset[str]  # issue, read, confirm, grant, deliver, admin, audit
    taxpayers: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def acts_for(self, taxpayer: str) -> bool:
        return "*" in self.taxpayers or taxpayer in self.taxpayers


class Directory(Protocol):
    """API keys, known only by the SHA-256 of their secret."""

    async def add_key(self, key: ApiKey, secret_hash: bytes) -> None: ...

    async def find_by_secret(self, secret_hash: bytes) -> ApiKey | None:
        """The key with this secret, even if expired or revoked: the caller looks."""
        ...

    async def keys(self) -> Sequence[ApiKey]: ...

    async def revoke(self, key_id: str, *, at: datetime) -> bool: ...


class VerifyCounter(Protocol):
    async def count_check(self, number: str, *, day: date) -> int:
        """Count one more check of this number today; how many there have been."""
        ...


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A signature (签名) over certain bytes, and all that a stranger needs to check it."""

    signature: bytes  # of SM2: DER, r and s
    certificate: bytes  # X.509, DER: whose key it is
    algorithm: str  # the signature's OID; 1.2.156.10197.1.501 is SM2 with SM3
    who: str  # the signer, as the certificate names them


class Sealer(Protocol):
    """Signs documents.  Nothing that an invoice needs waits for one: what it cannot seal now is
    sealed later, or stays without.
    """

    def seal(self, data: bytes) -> Mark:
        """Sign ``data``.  A vendor may take seconds: it is called where waiting harms nobody,
        in a thread that makes documents.

        Raises:
            Outage: there is no signature; ask again, or do without.
        """
        ...


class Seals(Protocol):
    """Which invoices vendors have sealed, which wait for it, and how the vendors behave.

    Derived from the log's order alone: issuing knows nothing of it.  Time is the database's own.
    A sealer that is silent for longer than its lease has lost the lot, and whatever it says
    afterwards changes nothing.
    """

    async def meet(self, keys: Sequence[SealKey], *, kinds: Mapping[str, str]) -> None:
        """Know these vendors, by their pinned keys; ``kinds`` by vendor."""
        ...

    async def cut(self, *, with_tail: bool) -> int:
        """Make lots of what the log has grown by; how many, 0: all is cut.

        Without ``with_tail`` the last invoices wait until they are a whole lot.
        """
        ...

    async def take(
        self, worker: str, key: SealKey, *, hold_s: float, oldest: bool
    ) -> SealLot | None:
        """Lease a lot for this key's vendor: the newest of the last minute, else the ``oldest``.

        None: nothing waits, or the vendor is distrusted.
        """
        ...

    async def sealables(self, lot: SealLot) -> list[Sealable]:
        """The invoices of a lot, in the log's order."""
        ...

    async def seal(
        self, worker: str, lot: SealLot, key: SealKey, signatures: Sequence[bytes]
    ) -> bool:
        """Keep these signatures; False: the lot is not ours any more, or the vendor distrusted."""
        ...

    async def put_back(
        self, worker: str, lot: SealLot, vendor: str, *, lied: bool, again_after_s: float
    ) -> None:
        """Let others have the lot, at the latest after so long; remember if the vendor lied."""
        ...

    async def let_go(self, worker: str) -> None:
        """Give back whatever this worker holds, for others to take at once."""
        ...

    async def requeue(self) -> int:
        """Queue again some of what distrusted vendors sealed; how many lots, 0: no more."""
        ...

    async def backlog(self) -> Backlog: ...

    async def standing(self, log_index: int | None) -> SealStanding:
        """How the invoice at this place in the log stands; None: it has no place yet."""
        ...

    async def note(self, worker: str, vendor: str, score: Score, report: BreakerReport) -> None:
        """Add to a vendor's score, and say how this worker finds it."""
        ...

    async def vendors(self) -> Sequence[VendorStanding]:
        """Every vendor there ever was, by name."""
        ...

    async def distrust(self, vendor: str, *, why: str, by: str) -> bool:
        """Believe it no more: what it sealed is queued for the others.  False: no such vendor."""
        ...

    async def trust(self, vendor: str) -> bool:
        """Believe it again.  What was already queued stays queued.  False: no such vendor."""
        ...


class Matcher(Protocol):
    """Which deliveries follow from what happened.  Pure: it runs inside a transaction."""

    def is_watched(self, seller: str) -> bool:
        """Whether any order may care: if not, the invoice is not even unpacked."""
        ...

    def of_invoice(self, invoice: Invoice) -> list[NewDelivery]: ...

    def of_form(self, form: Confirmation) -> list[NewDelivery]: ...


class Deliveries(Protocol):
    """What is to be sent, who is sending it, and what became of it.

    Time is the database's own, so workers on several machines agree on it.
    """

    async def expand(self, match: Callable[[Sequence[StandingOrder]], Matcher]) -> int:
        """Turn some of what happened into deliveries; how much was looked at, 0: nothing waits.

        Each batch is looked at exactly once, whoever asks and whoever dies.
        """
        ...

    async def queue(self, new: Sequence[NewDelivery]) -> int:
        """Queue these; how many were new.  One id is kept once."""
        ...

    async def take(
        self, worker: str, *, limit: int, busy: Mapping[str, int], oldest_first: bool = False
    ) -> list[Parcel]:
        """Lease what is due, some of every lane that has room; nobody else is given it meanwhile.

        ``busy`` is what this worker has in hand by lane.
        """
        ...

    async def renew(self, worker: str, delivery_ids: Sequence[str]) -> int:
        """Make leases that still are ours last; how many are."""
        ...

    async def settle(
        self, worker: str, parcel: Parcel, verdict: Verdict, *, again_after_s: float | None
    ) -> bool:
        """Write down how a try ended; ``again_after_s`` is None when it was the last.

        False if the lease had passed to someone else: the try is written down all the same.
        """
        ...

    async def sweep(self) -> None:
        """Let every clock strike: give up what is too old, forget what was long settled."""
        ...

    async def read(self, delivery_id: str) -> Delivery | None: ...

    async def body(self, delivery_id: str) -> bytes | None: ...

    async def attempts(self, delivery_id: str) -> Sequence[Attempt]: ...

    async def page(
        self,
        *,
        tenant: str = "",
        seller: str = "",
        subject: str = "",
        order_id: str = "",
        state: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """Newest first, from below place ``before``."""
        ...

    async def replay(self, delivery_ids: Sequence[str]) -> int:
        """Send these again, unless they are on their way; how many."""
        ...

    async def replay_range(
        self, order_id: str, *, since: datetime, until: datetime, dead_only: bool
    ) -> int:
        """Send again what an order sent of what happened in this time; how many, at most 10,000."""
        ...


class StandingOrders(Protocol):
    async def add(self, order: StandingOrder) -> None: ...

    async def read(self, order_id: str) -> StandingOrder | None: ...

    async def of_tenant(self, tenant: str, *, channel: str) -> Sequence[StandingOrder]:
        """Those that were not ended, oldest first; of every tenant for ``*``."""
        ...

    async def rotate(self, order_id: str, *, at: datetime) -> StandingOrder | None:
        """A new generation of its secret."""
        ...

    async def enable(self, order_id: str) -> bool: ...

    async def end(self, order_id: str, *, at: datetime) -> bool:
        """End it, and cancel what it has waiting."""
        ...


class DownloadLinks(Protocol):
    async def add(self, link: DownloadLink) -> None: ...

    async def read(self, link_id: str) -> DownloadLink | None: ...

    async def of_number(self, number: str) -> Sequence[DownloadLink]: ...

    async def use(self, link_id: str, *, at: datetime) -> DownloadLink | None:
        """Count one more use; None if it is revoked, over, or used up."""
        ...

    async def revoke(self, link_id: str, *, at: datetime) -> bool: ...


class ImportRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What one tenant's imports may take up."""

    open_imports: int
    stored_bytes: int


class Imports(Protocol):
    """Files of sales, how far each is, and who is at work on it.

    Time is the database's own.  A worker that is silent for longer than its lease has lost the
    import, and whatever it says afterwards changes nothing.
    """

    async def add(
        self, new: Import, content: bytes, *, asked: Digest, key: IdempotencyKey, room: ImportRoom
    ) -> tuple[Import, bool]:
        """Keep a new one, or return what its id names already; whether it was there.

        Raises:
            KeyReused: the key names another upload.
            TooManyImports: the tenant's room is taken up.
        """
        ...

    async def read(self, import_id: str) -> Import | None: ...

    async def of_tenant(self, tenant: str, *, limit: int) -> Sequence[Import]:
        """Newest first; of every tenant for ``*``."""
        ...

    async def cancel(self, import_id: str) -> Import | None:
        """Stop it as soon as the rows in hand are done; one that has ended stays as it is."""
        ...

    async def content(self, import_id: str, part: str) -> bytes | None:
        """The ``upload`` or the ``result``."""
        ...

    async def take(self, worker: str) -> Import | None:
        """Lease one that waits or whose worker died; fairly among tenants.  None: nothing to do."""
        ...

    async def note(
        self, worker: str, import_id: str, results: Sequence[SaleResult], *, total: int
    ) -> Import | None:
        """Keep these outcomes and the lease; how it stands now, None if it is no longer ours."""
        ...

    async def renew(self, worker: str, import_id: str) -> bool:
        """Make the lease last; False if it is no longer ours."""
        ...

    async def results(self, import_id: str) -> list[SaleResult]:
        """All outcomes so far, in the order of their places."""
        ...

    async def end(self, worker: str, ended: Import, result: bytes | None) -> bool:
        """Write down its last state and, if there is one, the file given back."""
        ...

    async def let_go(self, worker: str) -> None:
        """Give back whatever this worker holds, for others to take at once."""
        ...

    async def forget(self, *, older_than_days: int) -> int:
        """Drop those that ended so long ago; how many."""
        ...


class SaleFile(Protocol):
    """A file of sales, read."""

    total: int

    def sales(self) -> Iterator[Sale]:
        """Every invoice, in order; once."""
        ...

    def locate(self, sale: Sale, violations: Sequence[Violation]) -> list[Violation]:
        """The same objections, where the user can find them."""
        ...

    def render(self, results: Sequence[SaleResult]) -> bytes:
        """The same file with what became of each."""
        ...
