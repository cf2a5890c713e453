"""``/v1/credit-lines`` (授信额度): read, grant, adjust."""

import msgspec
from litestar import get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.fiscal.month import TaxMonth, parse_month, tax_month
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.asks import CreditAsk
from kaipiao.gateway.calls import AnyRequest, caller_of
from kaipiao.gateway.shapes import CreditLineView, view_credit
from kaipiao.gateway.wiring import Services


class CreditLines(msgspec.Struct, frozen=True):
    credit_lines: tuple[CreditLineView, ...]


class CreditCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._credit = services.credit
        self._clock = services.clock

    def handlers(self) -> list[HTTPRouteHandler]:
        one = "/v1/credit-lines/{seller:str}"
        return [
            get("/v1/credit-lines", operation_id="list_credit_lines")(self.list_lines),
            put(one, operation_id="grant_credit")(self.grant),
            put(one + "/{month:str}", operation_id="adjust_credit")(self.adjust),
        ]

    async def list_lines(
        self,
        request: AnyRequest,
        seller: parameters.Seller,
        month: parameters.Month = "",
    ) -> CreditLines:
        """A seller's line for a month (by default this one); an empty list if there is none."""
        caller_of(request, "read", seller)
        line = await self._credit.line(seller, month=self._month(month))
        return CreditLines((view_credit(line),) if line else ())

    async def grant(
        self, request: AnyRequest, seller: parameters.SellerPath, data: JSONBody[CreditAsk]
    ) -> CreditLineView:
        """Set a seller's monthly limit, for this month and all that follow."""
        caller_of(request, "grant", seller)
        rule = f"grant {seller}"
        async with self._acts.doing(
            request, "credit.grant", seller, rule=rule, limit_fen=data.limit_fen
        ):
            line = await self._credit.grant(seller, data.limit_fen, month=self._month(""))
        return view_credit(line)

    async def adjust(
        self,
        request: AnyRequest,
        seller: parameters.SellerPath,
        month: parameters.MonthPath,
        data: JSONBody[CreditAsk],
    ) -> CreditLineView:
        """Set a seller's limit for one month only."""
        caller_of(request, "grant", seller)
        facts = {"month": month, "limit_fen": data.limit_fen}
        async with self._acts.doing(
            request, "credit.adjust", seller, rule=f"grant {seller}", **facts
        ):
            line = await self._credit.adjust(seller, data.limit_fen, month=self._month(month))
        return view_credit(line)

    def _month(self, text: str) -> TaxMonth:
        return parse_month(text) if text else tax_month(self._clock.now())
