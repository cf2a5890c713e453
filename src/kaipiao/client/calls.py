"""The calls of the API, each written once; ``client.py`` has the two clients that make them.

An act without a key is one whose repetition changes nothing (a limit that is set again, a form
that is confirmed again), or it is asked once only.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from kaipiao.client.answers import (
    Confirmation,
    ConfirmationPage,
    CreditLine,
    CreditLines,
    Finding,
    GradedReceipt,
    Invoice,
    InvoicePage,
    Key,
    Keys,
    NewKey,
    Receipt,
    RedLetters,
)
from kaipiao.client.question import Pages, Question, look_up, reads, send
from kaipiao.client.written_once import call, listing
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.red_letter import ReversalAsk

if TYPE_CHECKING:  # loading it takes longer than most commands
    import httpx

PAGE = "500"


class Calls:
    """Every call may raise ``Problem`` or ``Unreachable``."""

    @call
    def issue(self, draft: Draft, *, key: str) -> Question[Receipt]:
        """Issue one invoice; a repeat answers with the first receipt, ``replayed``."""
        body = msgspec.json.encode(draft)
        return Question("POST", "/v1/invoices", _receipt, body=body, key=key)

    @call
    def reverse(
        self, number: str, ask: ReversalAsk, *, key: str, confirmation: str = ""
    ) -> Question[Receipt]:
        """Issue a red letter against ``number``."""
        asked = msgspec.to_builtins(ask)
        if confirmation:
            asked["confirmation"] = confirmation
        path, body = f"/v1/invoices/{number}/red-letters", msgspec.json.encode(asked)
        return Question("POST", path, _receipt, body=body, key=key)

    @call
    def invoice(self, number: str) -> Question[Invoice]:
        return look_up(f"/v1/invoices/{number}", Invoice)

    @call
    def find_key(self, seller: str, key: str) -> Question[Invoice | None]:
        """The invoice issued under this key, if there is one: "did it go through?"."""
        asked = look_up("/v1/invoices", InvoicePage, seller=seller, key=key)
        return asked.then(lambda page: page.invoices[0] if page.invoices else None)

    @call
    def find_digest(self, digest: str) -> Question[tuple[Invoice, ...]]:
        """Invoices whose canonical draft has this digest (hex)."""
        return look_up("/v1/invoices", InvoicePage, digest=digest).then(lambda page: page.invoices)

    @listing
    def invoices(
        self, seller: str, *, since: date | None = None, until: date | None = None, after: int = 0
    ) -> Pages[Invoice]:
        """A seller's invoices in the order of the evidence log, page by page."""
        days = {"since": since, "until": until}
        given = {name: day.isoformat() for name, day in days.items() if day}

        def ask(place: str) -> Question[tuple[Sequence[Invoice], str | None]]:
            page = look_up(
                "/v1/invoices", InvoicePage, seller=seller, after=place, limit=PAGE, **given
            )
            return page.then(
                lambda page: (page.invoices, None if page.after is None else str(page.after))
            )

        return Pages(str(after), ask)

    @call
    def receipt(self, number: str) -> Question[str]:
        """The proof of an invoice, as text; waits a moment for one that is just being made."""
        return Question("GET", f"/v1/invoices/{number}/receipt", _text)

    @call
    def graded_receipt(self, number: str) -> Question[GradedReceipt]:
        """The same, with what the cell says that it is worth (``E1``, ``E2``, ``E3``)."""
        return Question("GET", f"/v1/invoices/{number}/receipt", _graded)

    @call
    def rendition(self, number: str, kind: str, *, needs_receipt: bool = True) -> Question[bytes]:
        """The invoice as a document (``xml``, ``xbrl``, ``ofd``, ``pdf``, ``png``); waits a moment
        for the receipt inside, if it ``needs_receipt`` and that is just being made.
        """
        params = {"receipt": "required" if needs_receipt else "if-ready"}
        return Question("GET", f"/v1/invoices/{number}/renditions/{kind}", _content, params=params)

    @call
    def red_letters(self, number: str) -> Question[tuple[str, ...]]:
        """The numbers of the red letters against an original."""
        asked = look_up(f"/v1/invoices/{number}/red-letters", RedLetters)
        return asked.then(lambda told: told.red_letters)

    @call
    def note_use(self, number: str, use: str) -> Question[None]:
        """Note that the buyer ``deducted`` or ``booked`` an invoice."""
        asked = send(f"/v1/invoices/{number}/uses", msgspec.Raw, {"use": use})
        return asked.then(lambda _: None)

    @call
    def open_confirmation(
        self, number: str, ask: ReversalAsk, *, key: str, by: str | None = None
    ) -> Question[Confirmation]:
        body = {"number": number} | msgspec.to_builtins(ask) | ({"by": by} if by else {})
        return send("/v1/confirmations", Confirmation, body, key=key)

    @call
    def confirmation(self, form_id: str) -> Question[Confirmation]:
        return look_up(f"/v1/confirmations/{form_id}", Confirmation)

    @listing
    def confirmations(self, taxpayer: str) -> Pages[Confirmation]:
        """Forms in which the taxpayer is seller or buyer."""

        def ask(place: str) -> Question[tuple[Sequence[Confirmation], str | None]]:
            page = look_up(
                "/v1/confirmations", ConfirmationPage, taxpayer=taxpayer, after=place or None
            )
            return page.then(lambda page: (page.confirmations, page.after))

        return Pages("", ask)

    @call
    def answer_confirmation(self, form_id: str, action: str) -> Question[Confirmation]:
        """``confirm``, ``deny``, ``withdraw``, or (the operator) ``flag``."""
        return Question("POST", f"/v1/confirmations/{form_id}/{action}", reads(Confirmation))

    @call
    def grant_credit(self, seller: str, limit_fen: int) -> Question[CreditLine]:
        """Set the standing monthly limit, and this month's."""
        path = f"/v1/credit-lines/{seller}"
        return send(path, CreditLine, {"limit_fen": limit_fen}, method="PUT")

    @call
    def adjust_credit(self, seller: str, limit_fen: int, *, month: str) -> Question[CreditLine]:
        """Set one month's limit only (``2026-11``)."""
        path = f"/v1/credit-lines/{seller}/{month}"
        return send(path, CreditLine, {"limit_fen": limit_fen}, method="PUT")

    @call
    def credit(self, seller: str, *, month: str | None = None) -> Question[CreditLine | None]:
        """The line for a month, this one if none is named; None if there is none."""
        asked = look_up("/v1/credit-lines", CreditLines, seller=seller, month=month)
        return asked.then(lambda told: told.credit_lines[0] if told.credit_lines else None)

    @call
    def verify(
        self, number: str, *, issued_on: date, gross_fen: int, kind: str
    ) -> Question[Finding]:
        """Is there such an invoice, and does it say this?  Some times a day for each."""
        asked = {"number": number, "issued_on": issued_on, "gross_fen": gross_fen, "kind": kind}
        return send("/v1/verify", Finding, asked)

    @call
    def keys(self) -> Question[tuple[Key, ...]]:
        return look_up("/v1/keys", Keys).then(lambda told: told.keys)

    @call
    def revoke_key(self, key_id: str) -> Question[None]:
        return Question("DELETE", f"/v1/keys/{key_id}", lambda _: None)

    @call
    def create_key(
        self, *, tenant: str, name: str, may: Iterable[str], taxpayers: Iterable[str]
    ) -> Question[NewKey]:
        """Make a key.  Asked once only: a second try might make a second key."""
        asked = {"tenant": tenant, "name": name, "may": list(may), "taxpayers": list(taxpayers)}
        return send("/v1/keys", NewKey, asked)._replace(once=True)

    @call
    def status(self) -> Question[dict[str, object]]:
        return look_up("/v1/status", dict[str, object])

    @call
    def log_file(self, name: str) -> Question[bytes]:
        """A file of the public log: ``checkpoint``, or a tile by its path."""
        return Question("GET", f"/log/{name}", _content)


def _receipt(answer: "httpx.Response") -> Receipt:
    return msgspec.structs.replace(_read_receipt(answer), replayed=answer.status_code == 200)


_read_receipt = reads(Receipt)


def _graded(answer: "httpx.Response") -> GradedReceipt:
    return GradedReceipt(text=answer.text, grade=answer.headers.get("evidence-grade", ""))


def _text(answer: "httpx.Response") -> str:
    return answer.text


def _content(answer: "httpx.Response") -> bytes:
    return answer.content
