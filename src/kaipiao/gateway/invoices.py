"""``/v1/invoices``: look-ups and lists.  Issuing is in ``issue.py`` and ``batch.py``."""

import asyncio
from datetime import date

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.base.canonical import Digest
from kaipiao.errors import NotAllowed, Outage
from kaipiao.evidence.published import PublishedLog
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice
from kaipiao.fiscal.month import beijing_day, month_bounds, parse_month
from kaipiao.gateway import parameters
from kaipiao.gateway.asks import UseAsk
from kaipiao.gateway.calls import AnyRequest, bad_parameter, caller_of, may_see, visible_invoice
from kaipiao.gateway.shapes import (
    InvoicePage,
    InvoiceView,
    RedLetters,
    UsesView,
    view_invoice,
    view_page,
)
from kaipiao.gateway.wiring import Services

Span = tuple[date | None, date | None]


class Invoices:
    """Reads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._ledger = services.ledger
        self._log = PublishedLog(services.log_folder) if services.log_folder else None

    def handlers(self) -> list[HTTPRouteHandler]:
        return [
            get("/v1/invoices", operation_id="list_invoices")(self.list_invoices),
            get("/v1/invoices/{number:str}", operation_id="read_invoice")(self.read),
            get(
                "/v1/invoices/{number:str}/receipt",
                operation_id="read_receipt",
                media_type="text/plain",
            )(self.receipt),
            get("/v1/invoices/{number:str}/red-letters", operation_id="list_red_letters")(
                self.red_letters
            ),
            get("/v1/invoices/{number:str}/uses", operation_id="read_uses")(self.uses),
            post(
                "/v1/invoices/{number:str}/uses", operation_id="note_use", status_code=200
            )(self.note_use),
        ]  # fmt: skip

    async def list_invoices(
        self,
        request: AnyRequest,
        seller: parameters.SellerOrNone = None,
        key: parameters.Key = None,
        digest: parameters.DigestHex = None,
        month: parameters.Month = None,
        since: parameters.Day = None,
        until: parameters.Day = None,
        after: parameters.AfterIndex = 0,
        limit: parameters.Limit = 100,
    ) -> InvoicePage:
        """Find invoices: one by `seller` and `key`, some by `digest`, or a seller's by day.

        No invoice found is an empty list.  Days are Beijing's, both ends included.
        """
        caller = caller_of(request, "read")
        if digest is not None:
            same = await self._ledger.find_digest(Digest(bytes.fromhex(digest)))
            return _page_of([invoice for invoice in same if may_see(caller, invoice)])
        if seller is None:
            raise bad_parameter(
                "seller", "missing-parameter",
                "请给出 seller (销方识别号), 或 digest。", "Give a seller, or a digest.",
            )  # fmt: skip
        caller_of(request, "read", seller)
        if key is not None:
            found = await self._ledger.find_key(seller, IdempotencyKey(key))
            return _page_of([found] if found else [])
        first, last = span_of(month, since, until)
        page = await self._ledger.page(seller, since=first, until=last, after=after, limit=limit)
        return view_page(page)

    async def read(self, request: AnyRequest, number: parameters.NumberPath) -> InvoiceView:
        """One invoice, with its standing: issued, reversed in part or wholly, or a red letter."""
        invoice = await visible_invoice(self._ledger, number, caller_of(request, "read"))
        return view_invoice(invoice, standing=await self._services.verifying.standing(invoice))

    async def receipt(self, request: AnyRequest, number: parameters.NumberPath) -> Response[str]:
        """The invoice's proof (C2SP tlog-proof), which anyone can verify offline."""
        invoice = await visible_invoice(self._ledger, number, caller_of(request, "read"))
        if self._log is None:
            raise Outage("evidence")
        text = await asyncio.to_thread(self._log.receipt, invoice)
        return Response(text, media_type="text/plain")

    async def red_letters(self, request: AnyRequest, number: parameters.NumberPath) -> RedLetters:
        """The numbers of the red letters against this invoice."""
        invoice = await visible_invoice(self._ledger, number, caller_of(request, "read"))
        numbers = await self._ledger.red_letters(invoice.number)
        return RedLetters(original=invoice.number, red_letters=tuple(numbers))

    async def uses(self, request: AnyRequest, number: parameters.NumberPath) -> UsesView:
        """What the buyer did with it: `deducted` (用途确认), `booked` (入账)."""
        invoice = await visible_invoice(self._ledger, number, caller_of(request, "read"))
        uses = await self._services.confirming.uses(invoice.number)
        return UsesView(number=invoice.number, uses=tuple(sorted(uses)))

    async def note_use(
        self, request: AnyRequest, number: parameters.NumberPath, data: JSONBody[UseAsk]
    ) -> UsesView:
        """Note that the buyer used or booked an invoice.  Repeats change nothing."""
        caller = caller_of(request, "confirm")
        invoice = await visible_invoice(self._ledger, number, caller)
        if not caller.acts_for(invoice.draft.buyer.taxpayer_id):
            raise NotAllowed(what=f"confirm {invoice.draft.buyer.taxpayer_id}")
        uses = await self._services.confirming.note_use(invoice.number, data.use)
        return UsesView(number=invoice.number, uses=tuple(sorted(uses)))


def span_of(month: str | None, since: date | None, until: date | None) -> Span:
    """The first and the last Beijing day asked for.

    Raises:
        Malformed: a month and days were both given.
    """
    if month is None:
        return since, until
    if since is not None or until is not None:
        raise bad_parameter(
            "month", "conflicting-parameters",
            "month 与 since/until 只能给出一种。", "Give month, or since and until, not both.",
        )  # fmt: skip
    first, after = month_bounds(parse_month(month))
    return beijing_day(first), date.fromordinal(beijing_day(after).toordinal() - 1)


def _page_of(invoices: list[Invoice]) -> InvoicePage:
    return InvoicePage(invoices=tuple(view_invoice(invoice) for invoice in invoices))
