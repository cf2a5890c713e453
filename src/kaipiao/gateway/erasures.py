"""``/v1/invoices/{number}/erasure``: destroy an invoice's content, on the ground that law gives."""

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.errors import InvoiceErased, NoSuchInvoice, NotAllowed, Outage
from kaipiao.fiscal.erasure import Erasure
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.asks import ErasureAsk
from kaipiao.gateway.calls import AnyRequest, caller_of, number_of
from kaipiao.gateway.wiring import Services


class ErasureCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._erasing = services.erasing
        self._ledger = services.ledger

    def handlers(self) -> list[HTTPRouteHandler]:
        path = "/v1/invoices/{number:str}/erasure"
        return [post(path, operation_id="erase_invoice", status_code=200)(self.erase)]

    async def erase(
        self, request: AnyRequest, number: parameters.NumberPath, data: JSONBody[ErasureAsk]
    ) -> Erasure:
        """Erase an invoice's content for good (删除个人信息).

        Needs the permission `erase` for the seller, which `admin` does not include.  Invoices are
        kept for 30 years by law: before that, only on the ground `order` or `unlawful`.  `confirm`
        repeats the number.  Its number and key name nothing else afterwards, its leaf stays in the
        log, and every other receipt stays valid; whoever asks for it hears `erased`, and `why`, so
        name no person there.  What was not finished when this answers 503 is finished later.
        """
        caller = caller_of(request, "erase")
        if self._erasing is None:
            raise Outage("erasing")
        found = number_of(number)
        try:
            invoice = await self._ledger.read(found)
        except InvoiceErased:
            invoice = None
        seller = invoice.draft.seller.taxpayer_id if invoice else ""
        if invoice and not caller.acts_for(seller):
            raise NoSuchInvoice from NotAllowed(what="an invoice of others")
        facts = {"ground": data.ground, "why": data.why}
        async with self._acts.doing(request, "invoice.erase", found, rule="erase", **facts):
            return await self._erasing.erase(
                found, why=data.why, ground=data.ground, confirm=data.confirm
            )
