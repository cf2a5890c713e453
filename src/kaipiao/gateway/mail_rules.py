"""``/v1/mail-rules``: mail that goes out whenever an invoice is issued."""

from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.fiscal.delivery import StandingOrder
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.calls import AnyRequest, caller_of
from kaipiao.gateway.delivery_asks import MailRuleAsk, ReplayAsk
from kaipiao.gateway.delivery_shapes import MailRuleList, MailRuleView, Replayed, view_mail_rule
from kaipiao.gateway.order_acts import facts_of, replaying
from kaipiao.gateway.orders import (
    Outward,
    add_order,
    check_kinds,
    check_scope,
    compose_order_id,
    managed_order,
    needed,
    tenant_of,
)
from kaipiao.gateway.refusals import MailNotSetUp
from kaipiao.gateway.wiring import Services


class MailRuleCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._outward = services.outward
        self._clock = services.clock

    def handlers(self) -> list[HTTPRouteHandler]:
        one = "/v1/mail-rules/{rule_id:str}"
        return [
            post("/v1/mail-rules", operation_id="create_mail_rule")(self.create),
            get("/v1/mail-rules", operation_id="list_mail_rules")(self.list_rules),
            delete(one, operation_id="delete_mail_rule")(self.end),
            post(f"{one}/replay", operation_id="replay_mail_rule", status_code=200)(self.replay),
        ]

    async def create(self, request: AnyRequest, data: JSONBody[MailRuleAsk]) -> MailRuleView:
        """Mail these readers every invoice from now on, by seller, or by seller and buyer.

        Each reader gets a mail of its own.
        """
        outward, caller = needed(self._outward), caller_of(request, "deliver")
        check_scope(caller, data.sellers, data.buyer)
        check_kinds(data.renditions)
        if not outward.has_relay:
            raise MailNotSetUp
        order = StandingOrder(
            order_id=compose_order_id("mr"),
            channel="mail",
            tenant=caller.tenant,
            name=data.name,
            sellers=data.sellers,
            buyer=data.buyer,
            events=data.events,
            send_to=tuple(dict.fromkeys(data.send_to)),
            renditions=tuple(dict.fromkeys(data.renditions)),
            language=data.language,
            created_at=self._clock.now(),
        )
        async with self._acts.doing(
            request, "mail_rule.create", order.order_id, rule="deliver", **facts_of(order)
        ):
            await add_order(outward, order)
        return view_mail_rule(order)

    async def list_rules(self, request: AnyRequest) -> MailRuleList:
        """All mail rules of the caller's tenant; of every tenant for a key that acts for all."""
        outward, caller = needed(self._outward), caller_of(request, "deliver")
        orders = await outward.orders.of_tenant(tenant_of(caller), channel="mail")
        return MailRuleList(tuple(view_mail_rule(order) for order in orders))

    async def end(self, request: AnyRequest, rule_id: parameters.OrderPath) -> None:
        """Mail nothing more by this rule; what waits is cancelled."""
        outward, order = await self._managed(request, rule_id)
        async with self._acts.doing(request, "mail_rule.end", order.order_id, rule="deliver"):
            await outward.orders.end(order.order_id, at=self._clock.now())

    async def replay(
        self, request: AnyRequest, rule_id: parameters.OrderPath, data: JSONBody[ReplayAsk]
    ) -> Replayed:
        """Mail again what this rule sent of a time: what did not arrive, or all of it."""
        outward, order = await self._managed(request, rule_id)
        async with replaying(self._acts, request, order, data) as act:
            count = await outward.deliveries.replay_range(
                order.order_id, since=data.since, until=data.until, dead_only=data.dead_only
            )
            act.note(replayed=count)
        return Replayed(count)

    async def _managed(self, request: AnyRequest, rule_id: str) -> tuple[Outward, StandingOrder]:
        outward, caller = needed(self._outward), caller_of(request, "deliver")
        return outward, await managed_order(outward, caller, rule_id, "mail")
