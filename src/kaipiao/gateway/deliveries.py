"""``/v1/deliveries``: what was sent, what is on its way, what did not arrive; and mail, once."""

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.delivery.sending.events import compose_mails
from kaipiao.errors import KeyReused, NotAllowed
from kaipiao.fiscal.delivery import Delivery, Letter, NewDelivery
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.calls import AnyRequest, caller_of, visible_invoice, visit_of
from kaipiao.gateway.delivery_asks import MailAsk
from kaipiao.gateway.delivery_shapes import (
    DeliveryDetail,
    DeliveryList,
    DeliveryView,
    view_attempt,
    view_deliveries,
    view_delivery,
)
from kaipiao.gateway.orders import Outward, check_kinds, may_manage, needed, tenant_of
from kaipiao.gateway.reading import idempotency_key
from kaipiao.gateway.refusals import MailNotSetUp, NoSuchDelivery
from kaipiao.gateway.wiring import Services
from kaipiao.ports import ApiKey


class DeliveryCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._outward = services.outward
        self._ledger = services.ledger

    def handlers(self) -> list[HTTPRouteHandler]:
        one = "/v1/deliveries/{delivery_id:str}"
        return [
            post("/v1/invoices/{number:str}/deliveries", operation_id="mail_invoice")(self.mail),
            get("/v1/deliveries", operation_id="list_deliveries")(self.list_deliveries),
            get(one, operation_id="read_delivery")(self.read),
            post(f"{one}/replay", operation_id="replay_delivery", status_code=200)(self.replay),
        ]

    async def mail(
        self, request: AnyRequest, number: parameters.NumberPath, data: JSONBody[MailAsk]
    ) -> Response[DeliveryList]:
        """Mail one invoice, once: a mail for each reader, with the renditions chosen.

        Needs `Idempotency-Key`; a repeat mails nothing again and is 200.
        """
        outward, caller = needed(self._outward), caller_of(request, "deliver")
        key = idempotency_key(visit_of(request))
        invoice = await visible_invoice(self._ledger, number, caller)
        if not outward.has_relay:
            raise MailNotSetUp
        check_kinds(data.renditions)
        kinds = tuple(dict.fromkeys(data.renditions))
        letter = Letter(tuple(dict.fromkeys(data.send_to)), kinds, data.language)
        mails = compose_mails(invoice, letter, tenant=caller.tenant, key=key)
        async with self._acts.doing(
            request, "delivery.mail", number, rule="deliver", send_to=letter.send_to, kinds=kinds
        ) as act:
            is_new = await queue_once(outward, mails, key)
            act.note(queued=len(mails) if is_new else 0)
        found = [await outward.deliveries.read(one.delivery_id) for one in mails]
        return Response(
            view_deliveries([one for one in found if one is not None]),
            status_code=201 if is_new else 200,
            headers={} if is_new else {"idempotency-replayed": "true"},
        )

    async def list_deliveries(
        self,
        request: AnyRequest,
        number: parameters.NumberIfAny = "",
        seller: parameters.SellerIfAny = "",
        order: parameters.OrderIfAny = "",
        in_state: parameters.DeliveryStateIfAny = "",
        before: parameters.Before = 0,
        limit: parameters.Limit = 100,
    ) -> DeliveryList:
        """Deliveries of the caller's tenant, newest first; every filter narrows the answer.

        `order` is a webhook's or a mail rule's id; `number` an invoice's, or a form's.
        """
        outward, caller = needed(self._outward), caller_of(request, "read")
        tenant = tenant_of(caller)
        found = await outward.deliveries.page(
            tenant="" if tenant == "*" else tenant,
            seller=seller,
            subject=number,
            order_id=order,
            state=in_state,
            before=before or None,
            limit=limit,
        )
        more = found[-1].place if len(found) == limit else None
        return view_deliveries([one for one in found if may_see(caller, one)], before=more)

    async def read(
        self, request: AnyRequest, delivery_id: parameters.DeliveryPath
    ) -> DeliveryDetail:
        """One delivery, with every try and what was said."""
        outward, found = await self._visible(delivery_id, caller_of(request, "read"))
        tries = await outward.deliveries.attempts(delivery_id)
        return DeliveryDetail(
            delivery=view_delivery(found), attempts=tuple(view_attempt(one) for one in tries)
        )

    async def replay(
        self, request: AnyRequest, delivery_id: parameters.DeliveryPath
    ) -> DeliveryView:
        """Send it again, whatever became of it; one that is on its way is left alone."""
        outward, _ = await self._visible(delivery_id, caller_of(request, "deliver"))
        async with self._acts.doing(request, "delivery.replay", delivery_id, rule="deliver"):
            await outward.deliveries.replay([delivery_id])
        _, found = await self._visible(delivery_id, caller_of(request, "deliver"))
        return view_delivery(found)

    async def _visible(self, delivery_id: str, caller: ApiKey) -> tuple[Outward, Delivery]:
        outward = needed(self._outward)
        found = await outward.deliveries.read(delivery_id) if delivery_id.isascii() else None
        if found is None:
            raise NoSuchDelivery
        if not may_see(caller, found):
            raise NoSuchDelivery from NotAllowed(what="a delivery of others")
        return outward, found


def may_see(caller: ApiKey, delivery: Delivery) -> bool:
    """Of the caller's tenant, and of a seller it acts for, unless it manages deliveries anyway."""
    acts = caller.acts_for(delivery.seller) or "deliver" in caller.may
    return acts and may_manage(caller, delivery.tenant)


async def queue_once(outward: Outward, mails: Sequence[NewDelivery], key: IdempotencyKey) -> bool:
    """Queue what one key asked for; False if it had been.

    Raises:
        KeyReused: the key asked for something else.
    """
    kept = [await outward.deliveries.body(one.delivery_id) for one in mails]
    if any(body is not None and body != one.body for body, one in zip(kept, mails, strict=True)):
        raise KeyReused(key=key)
    return await outward.deliveries.queue(mails) > 0
