"""``POST /v1/invoices/{number}/red-letters``: reverse an invoice (冲红)."""

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.fiscal.red_letter import ReversalAsk
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.asks import OpenForm, RedLetterAsk
from kaipiao.gateway.calls import AnyRequest, caller_of, respond, visible_invoice, visit_of
from kaipiao.gateway.finish import finish
from kaipiao.gateway.identity import authorize
from kaipiao.gateway.issue import answer_receipt
from kaipiao.gateway.reading import idempotency_key
from kaipiao.gateway.shapes import ReceiptView
from kaipiao.gateway.wiring import Services


class RedLetterCalls:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._acts = Acts(services)

    def handlers(self) -> list[HTTPRouteHandler]:
        path = "/v1/invoices/{number:str}/red-letters"
        return [post(path, operation_id="reverse_invoice")(self.reverse)]

    async def reverse(
        self, request: AnyRequest, number: parameters.NumberPath, data: JSONBody[RedLetterAsk]
    ) -> Response[ReceiptView]:
        """Issue a red letter against an invoice, in whole or in part.

        Needs `Idempotency-Key`; a repeat is 200 with the first receipt.  An invoice that the
        buyer used or booked needs a form that both sides confirmed.
        """
        caller = caller_of(request, "issue")
        visit = visit_of(request)
        key = idempotency_key(visit)
        original = await visible_invoice(self._services.ledger, number, caller)
        seller = original.draft.seller.taxpayer_id
        authorize(caller, "issue", seller)
        reversing = self._services.reversing.reverse(
            original.number, ask_of(data), key=key, confirmation=data.confirmation
        )
        timeout_s = self._services.limits.answer_timeout_s
        async with self._acts.doing(
            request, "invoice.reverse", number, rule=f"issue {seller}", reason=data.reason
        ) as act:
            receipt = await finish(reversing, timeout_s=timeout_s)
            act.note(red_letter=receipt.number, replayed=receipt.replayed)
        return respond(answer_receipt(receipt))


def ask_of(body: RedLetterAsk | OpenForm) -> ReversalAsk:
    """The part of a call that is about what to take back."""
    return ReversalAsk(reason=body.reason, lines=body.lines, issuer=body.issuer, remark=body.remark)
