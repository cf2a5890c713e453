"""``/v1/invoices``: look-ups and lists.  Issuing is in ``issue.py`` and ``batch.py``."""

import asyncio
from datetime import date, timedelta

from litestar import Response, get, post
from litestar.datastructures import ResponseHeader
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.base.canonical import Digest
from kaipiao.errors import Malformed, NotAllowed, Outage
from kaipiao.evidence.published import PublishedLog
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice
from kaipiao.fiscal.month import beijing_day, month_bounds, parse_month
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.asks import UseAsk
from kaipiao.gateway.calls import AnyRequest, caller_of, may_see, visible_invoice
from kaipiao.gateway.fault_words import fault, parameter_path
from kaipiao.gateway.shapes import (
    InvoicePage,
    InvoiceView,
    RedLetters,
    UsesView,
    view_invoice,
    view_page,
)
from kaipiao.gateway.wiring import Services
from kaipiao.ports import ApiKey

GRADE_HEADER = "evidence-grade"
Span = tuple[date | None, date | None]
_GRADE = ResponseHeader(
    name=GRADE_HEADER,
    description="`E1` in a signed checkpoint, `E2` cosigned by witnesses, `E3` time-stamped, too. "
    "Asked for again later, the receipt may be worth more.",
    documentation_only=True,
)


class Invoices:
    """Reads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._ledger = services.ledger
        self._acts = Acts(services)
        self._log = PublishedLog(services.log_folder) if services.log_folder else None

    def handlers(self) -> list[HTTPRouteHandler]:
        return [
            get("/v1/invoices", operation_id="list_invoices")(self.list_invoices),
            get("/v1/invoices/{number:str}", operation_id="read_invoice")(self.read),
            get(
                "/v1/invoices/{number:str}/receipt",
                operation_id="read_receipt",
                media_type="text/plain",
                response_headers=[_GRADE],
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
        seller: parameters.SellerIfAny = "",
        key: parameters.Key = "",
        digest: parameters.DigestHex = "",
        month: parameters.Month = "",
        since: parameters.Day = "",
        until: parameters.Day = "",
        after: parameters.AfterIndex = 0,
        limit: parameters.Limit = 100,
    ) -> InvoicePage:
        """Find a seller's invoices: all of some days, one by `key`, or any of yours by `digest`.

        Every filter narrows the answer; no invoice found is an empty list.  Days are Beijing's,
        both ends included.  A key that acts for one taxpayer need not name the `seller`.
        """
        caller = caller_of(request, "read")
        first, last = span_of(month, since, until)
        if digest:
            same = await self._ledger.find_digest(Digest(bytes.fromhex(digest)))
            mine = [one for one in same if may_see(caller, one)]
            return _page_of(mine, seller=seller, key=key, first=first, last=last)
        seller = seller or only_taxpayer(caller)
        caller_of(request, "read", seller)
        if key:
            found = await self._ledger.find_key(seller, IdempotencyKey(key))
            return _page_of([found] if found else [], first=first, last=last)
        page = await self._ledger.page(seller, since=first, until=last, after=after, limit=limit)
        return view_page(page)

    async def read(self, request: AnyRequest, number: parameters.NumberPath) -> InvoiceView:
        """One invoice, with its standing: issued, reversed in part or wholly, or a red letter."""
        invoice = await visible_invoice(self._ledger, number, caller_of(request, "read"))
        return view_invoice(invoice, standing=await self._services.verifying.standing(invoice))

    async def receipt(self, request: AnyRequest, number: parameters.NumberPath) -> Response[str]:
        """The invoice's proof (C2SP tlog-proof), which anyone can verify offline.

        It is made under the best checkpoint that covers the invoice; `Evidence-Grade` says which.
        """
        invoice = await visible_invoice(self._ledger, number, caller_of(request, "read"))
        if self._log is None:
            raise Outage("evidence")
        text, grade = await asyncio.to_thread(self._log.graded_receipt, invoice)
        return Response(text, media_type="text/plain", headers={GRADE_HEADER: grade})

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
        rule = f"confirm {invoice.draft.buyer.taxpayer_id}"
        async with self._acts.doing(request, "use.note", number, rule=rule, use=data.use):
            uses = await self._services.confirming.note_use(invoice.number, data.use)
        return UsesView(number=invoice.number, uses=tuple(sorted(uses)))


def only_taxpayer(caller: ApiKey) -> str:
    """The one taxpayer that the caller acts for.

    Raises:
        Malformed: there are several.
    """
    if len(caller.taxpayers) == 1 and "*" not in caller.taxpayers:
        return next(iter(caller.taxpayers))
    raise Malformed([fault("missing-parameter", parameter_path("seller"), name="seller")])


def span_of(month: str, since: str, until: str) -> Span:
    """The first and the last Beijing day asked for; a month and days narrow each other."""
    first = date.fromisoformat(since) if since else None
    last = date.fromisoformat(until) if until else None
    if not month:
        return first, last
    start, end = month_bounds(parse_month(month))
    opening, closing = beijing_day(start), beijing_day(end) - timedelta(days=1)
    return max(opening, first or opening), min(closing, last or closing)


def _page_of(
    invoices: list[Invoice],
    *,
    first: date | None,
    last: date | None,
    seller: str = "",
    key: str = "",
) -> InvoicePage:
    """Those that pass every filter, as one page."""

    def passes(one: Invoice) -> bool:
        day = beijing_day(one.issued_at)
        return (
            (not seller or one.draft.seller.taxpayer_id == seller)
            and (not key or one.key == key)
            and (first is None or first <= day)
            and (last is None or day <= last)
        )

    return InvoicePage(invoices=tuple(view_invoice(one) for one in invoices if passes(one)))
