"""The client, one method a call of the API.

    with Client("http://127.0.0.1:8720", key) as cell:
        receipt = cell.issue(draft, key="order-4711")
        proof = cell.receipt(receipt.number)

``key`` names the sale in your own books; see the package for what it is good for.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from types import TracebackType

import msgspec

from kaipiao.client.answers import (
    BatchResult,
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
from kaipiao.client.audit import Audit
from kaipiao.client.batch import Sale, issue_batch
from kaipiao.client.delivery import Deliveries
from kaipiao.client.retry import Budget
from kaipiao.client.seals import Seals
from kaipiao.client.wire import Wire, decode
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.red_letter import ReversalAsk

PAGE = "500"


class Client:
    """One cell, one API key.  Every method may raise ``Problem`` or ``Unreachable``."""

    def __init__(self, url: str, key: str | None = None, *, budget: Budget | None = None) -> None:
        self._wire = Wire(url, key, budget=budget or Budget())
        self.deliveries = Deliveries(self._wire)
        self.seals = Seals(self._wire)
        self.audit = Audit(self._wire)
        self.url = url

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._wire.__exit__(kind, error, _)

    def issue(self, draft: Draft, *, key: str) -> Receipt:
        """Issue one invoice; a repeat answers with the first receipt, ``replayed``."""
        answer = self._wire.ask("POST", "/v1/invoices", body=msgspec.json.encode(draft), key=key)
        return _receipt(answer.content, replayed=answer.status_code == 200)

    def batch(self, sales: Iterable[Sale]) -> Iterator[BatchResult]:
        """Issue many; one result for each, in order, as they become known.

        Never raises for one line: what is refused or unknown is in its result.
        """
        return issue_batch(self._wire, sales)

    def reverse(
        self, number: str, ask: ReversalAsk, *, key: str, confirmation: str = ""
    ) -> Receipt:
        """Issue a red letter against ``number``."""
        body = msgspec.to_builtins(ask)
        if confirmation:
            body["confirmation"] = confirmation
        answer = self._wire.ask(
            "POST",
            f"/v1/invoices/{number}/red-letters",
            body=msgspec.json.encode(body),
            key=key,
        )
        return _receipt(answer.content, replayed=answer.status_code == 200)

    def invoice(self, number: str) -> Invoice:
        return self._wire.get(f"/v1/invoices/{number}", Invoice)

    def find_key(self, seller: str, key: str) -> Invoice | None:
        """The invoice issued under this key, if there is one: "did it go through?"."""
        page = self._wire.get("/v1/invoices", InvoicePage, seller=seller, key=key)
        return page.invoices[0] if page.invoices else None

    def find_digest(self, digest: str) -> tuple[Invoice, ...]:
        """Invoices whose canonical draft has this digest (hex)."""
        return self._wire.get("/v1/invoices", InvoicePage, digest=digest).invoices

    def invoices(
        self, seller: str, *, since: date | None = None, until: date | None = None, after: int = 0
    ) -> Iterator[Invoice]:
        """A seller's invoices in the order of the evidence log, page by page."""
        start: int | None = after
        while start is not None:
            page = self._wire.get(
                "/v1/invoices",
                InvoicePage,
                seller=seller,
                since=since.isoformat() if since else None,
                until=until.isoformat() if until else None,
                after=str(start),
                limit=PAGE,
            )
            yield from page.invoices
            start = page.after

    def export(
        self, seller: str, *, form: str, since: date | None = None, until: date | None = None
    ) -> Iterator[bytes]:
        """All of a seller's invoices as one file (``xlsx``, ``csv``, ``ndjson``), in pieces."""
        days = {"since": since, "until": until}
        given = {name: day.isoformat() for name, day in days.items() if day}
        return self._wire.stream("/v1/invoices:export", {"seller": seller, "form": form} | given)

    def receipt(self, number: str) -> str:
        """The proof of an invoice, as text; waits a moment for one that is just being made."""
        return self.graded_receipt(number).text

    def graded_receipt(self, number: str) -> GradedReceipt:
        """The same, with what the cell says that it is worth (``E1``, ``E2``, ``E3``)."""
        answer = self._wire.ask("GET", f"/v1/invoices/{number}/receipt")
        return GradedReceipt(text=answer.text, grade=answer.headers.get("evidence-grade", ""))

    def rendition(self, number: str, kind: str, *, needs_receipt: bool = True) -> bytes:
        """The invoice as a document (``xml``, ``xbrl``, ``ofd``, ``pdf``, ``png``); waits a moment
        for the receipt inside, if it ``needs_receipt`` and that is just being made.
        """
        params = {"receipt": "required" if needs_receipt else "if-ready"}
        path = f"/v1/invoices/{number}/renditions/{kind}"
        return self._wire.ask("GET", path, params=params).content

    def red_letters(self, number: str) -> tuple[str, ...]:
        """The numbers of the red letters against an original."""
        return self._wire.get(f"/v1/invoices/{number}/red-letters", RedLetters).red_letters

    def note_use(self, number: str, use: str) -> None:
        """Note that the buyer ``deducted`` or ``booked`` an invoice."""
        self._wire.send(f"/v1/invoices/{number}/uses", msgspec.Raw, {"use": use})

    def open_confirmation(
        self, number: str, ask: ReversalAsk, *, key: str, by: str | None = None
    ) -> Confirmation:
        body = {"number": number} | msgspec.to_builtins(ask) | ({"by": by} if by else {})
        return self._wire.send("/v1/confirmations", Confirmation, body, key=key)

    def confirmation(self, form_id: str) -> Confirmation:
        return self._wire.get(f"/v1/confirmations/{form_id}", Confirmation)

    def confirmations(self, taxpayer: str) -> Iterator[Confirmation]:
        """Forms in which the taxpayer is seller or buyer."""
        start: str | None = ""
        while start is not None:
            page = self._wire.get(
                "/v1/confirmations", ConfirmationPage, taxpayer=taxpayer, after=start or None
            )
            yield from page.confirmations
            start = page.after

    def answer_confirmation(self, form_id: str, action: str) -> Confirmation:
        """``confirm``, ``deny``, ``withdraw``, or (the operator) ``flag``."""
        answer = self._wire.ask("POST", f"/v1/confirmations/{form_id}/{action}")
        return decode(answer, Confirmation)

    def grant_credit(self, seller: str, limit_fen: int) -> CreditLine:
        """Set the standing monthly limit, and this month's."""
        return self._wire.send(
            f"/v1/credit-lines/{seller}", CreditLine, {"limit_fen": limit_fen}, method="PUT"
        )

    def adjust_credit(self, seller: str, limit_fen: int, *, month: str) -> CreditLine:
        """Set one month's limit only (``2026-11``)."""
        path = f"/v1/credit-lines/{seller}/{month}"
        return self._wire.send(path, CreditLine, {"limit_fen": limit_fen}, method="PUT")

    def credit(self, seller: str, *, month: str | None = None) -> CreditLine | None:
        """The line for a month, this one if none is named; None if there is none."""
        lines = self._wire.get("/v1/credit-lines", CreditLines, seller=seller, month=month)
        return lines.credit_lines[0] if lines.credit_lines else None

    def verify(self, number: str, *, issued_on: date, gross_fen: int, kind: str) -> Finding:
        """Is there such an invoice, and does it say this?  Some times a day for each."""
        asked = {"number": number, "issued_on": issued_on, "gross_fen": gross_fen, "kind": kind}
        return self._wire.send("/v1/verify", Finding, asked)

    def keys(self) -> tuple[Key, ...]:
        return self._wire.get("/v1/keys", Keys).keys

    def revoke_key(self, key_id: str) -> None:
        self._wire.ask("DELETE", f"/v1/keys/{key_id}")

    def create_key(
        self, *, tenant: str, name: str, may: Iterable[str], taxpayers: Iterable[str]
    ) -> NewKey:
        """Make a key.  Asked once only: a second try might make a second key."""
        asked = {"tenant": tenant, "name": name, "may": list(may), "taxpayers": list(taxpayers)}
        body = msgspec.json.encode(asked)
        return decode(self._wire.ask("POST", "/v1/keys", body=body, once=True), NewKey)

    def status(self) -> dict[str, object]:
        return self._wire.get("/v1/status", dict[str, object])

    def log_file(self, name: str) -> bytes:
        """A file of the public log: ``checkpoint``, or a tile by its path."""
        return self._wire.ask("GET", f"/log/{name}").content


def _receipt(content: bytes, *, replayed: bool) -> Receipt:
    receipt = msgspec.json.decode(content, type=Receipt)
    return msgspec.structs.replace(receipt, replayed=replayed)
