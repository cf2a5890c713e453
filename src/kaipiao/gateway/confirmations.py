"""``/v1/confirmations``: forms (红字确认单) between seller and buyer."""

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.errors import Malformed, NoSuchConfirmation, NotAllowed
from kaipiao.fiscal.confirmation import Action, Confirmation, Side, allowed
from kaipiao.fiscal.invoice import Invoice
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.asks import OpenForm
from kaipiao.gateway.calls import AnyRequest, caller_of, visible_invoice, visit_of
from kaipiao.gateway.fault_words import fault
from kaipiao.gateway.reading import idempotency_key
from kaipiao.gateway.red_letters import ask_of
from kaipiao.gateway.shapes import ConfirmationPage, ConfirmationView, view_confirmation
from kaipiao.gateway.wiring import Services
from kaipiao.issuing.confirm import form_id_of
from kaipiao.ports import ApiKey


class ConfirmationCalls:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._acts = Acts(services)
        self._confirming = services.confirming

    def handlers(self) -> list[HTTPRouteHandler]:
        one = "/v1/confirmations/{form_id:str}"
        return [
            post("/v1/confirmations", operation_id="open_confirmation")(self.open),
            get("/v1/confirmations", operation_id="list_confirmations")(self.list_forms),
            get(one, operation_id="read_confirmation")(self.read),
            post(f"{one}/confirm", operation_id="confirm", status_code=200)(self.confirm),
            post(f"{one}/deny", operation_id="deny", status_code=200)(self.deny),
            post(f"{one}/withdraw", operation_id="withdraw", status_code=200)(self.withdraw),
            post(f"{one}/flag", operation_id="flag", status_code=200)(self.flag),
        ]

    async def open(
        self, request: AnyRequest, data: JSONBody[OpenForm]
    ) -> Response[ConfirmationView]:
        """Open a form against an invoice, as its seller or its buyer.

        Needs `Idempotency-Key`; a repeat is 200 with the form as it stands now.
        """
        caller = caller_of(request, "confirm")
        key = idempotency_key(visit_of(request))
        original = await visible_invoice(self._services.ledger, data.number, caller)
        by = side_of(caller, original, data.by)
        party = original.draft.seller if by == "seller" else original.draft.buyer
        form_id = form_id_of(party.taxpayer_id, key)
        repeated = await self._exists(form_id)
        async with self._acts.doing(
            request,
            "confirmation.open",
            form_id,
            rule=f"confirm {party.taxpayer_id}",
            number=data.number,
            by=by,
            reason=data.reason,
        ):
            form = await self._confirming.open(original.number, ask_of(data), by=by, key=key)
        headers = {"location": f"/v1/confirmations/{form.form_id}"}
        if repeated:
            headers["idempotency-replayed"] = "true"
        status = 200 if repeated else 201
        return Response(view_confirmation(form), status_code=status, headers=headers)

    async def list_forms(
        self,
        request: AnyRequest,
        taxpayer: parameters.Taxpayer,
        after: parameters.AfterForm = "",
        limit: parameters.Limit = 100,
    ) -> ConfirmationPage:
        """A taxpayer's forms, as seller or buyer, by id."""
        caller_of(request, "read", taxpayer)
        forms = await self._confirming.of_taxpayer(taxpayer, after=after, limit=limit)
        return ConfirmationPage(
            confirmations=tuple(view_confirmation(form) for form in forms),
            after=forms[-1].form_id if len(forms) == limit else None,
        )

    async def read(self, request: AnyRequest, form_id: parameters.FormPath) -> ConfirmationView:
        """One form as it stands now."""
        return view_confirmation(await self._visible(form_id, caller_of(request, "read")))

    async def confirm(self, request: AnyRequest, form_id: parameters.FormPath) -> ConfirmationView:
        """Agree, as the side that did not open the form."""
        return await self._act(request, form_id, "confirm")

    async def deny(self, request: AnyRequest, form_id: parameters.FormPath) -> ConfirmationView:
        """Refuse, as the side that did not open the form."""
        return await self._act(request, form_id, "deny")

    async def withdraw(self, request: AnyRequest, form_id: parameters.FormPath) -> ConfirmationView:
        """Take the form back, as the side that opened it."""
        return await self._act(request, form_id, "withdraw")

    async def flag(self, request: AnyRequest, form_id: parameters.FormPath) -> ConfirmationView:
        """Void the form as irregular (异常凭证), as the operator."""
        form = await self._visible(form_id, caller_of(request, "admin"))
        async with self._acts.doing(request, "confirmation.flag", form_id, rule="admin"):
            flagged = await self._confirming.act(form.form_id, "flag", side=None)
        return view_confirmation(flagged)

    async def _act(self, request: AnyRequest, form_id: str, action: Action) -> ConfirmationView:
        caller = caller_of(request, "confirm")
        form = await self._visible(form_id, caller)
        side = acting_side(caller, form, action)
        party = form.seller if side == "seller" else form.buyer
        async with self._acts.doing(
            request, f"confirmation.{action}", form_id, rule=f"confirm {party}", side=side
        ) as act:
            after = await self._confirming.act(form_id, action, side=side)
            act.note(state=after.state)
        return view_confirmation(after)

    async def _visible(self, form_id: str, caller: ApiKey) -> Confirmation:
        """Raises NoSuchConfirmation if it is not there or the caller is no side of it."""
        if not (form_id.isascii() and form_id.isdigit() and len(form_id) == 20):
            raise NoSuchConfirmation
        form = await self._confirming.read(form_id)
        if not sides_of(caller, form.seller, form.buyer):
            raise NoSuchConfirmation from NotAllowed(what="a form of others")
        return form

    async def _exists(self, form_id: str) -> bool:
        try:
            await self._confirming.read(form_id)
        except NoSuchConfirmation:
            return False
        return True


def sides_of(caller: ApiKey, seller: str, buyer: str) -> list[Side]:
    """The sides that the caller may act for."""
    sides: list[Side] = ["seller"] if caller.acts_for(seller) else []
    if buyer and caller.acts_for(buyer):
        sides.append("buyer")
    return sides


def side_of(caller: ApiKey, original: Invoice, named: Side | None) -> Side:
    """The side that opens a form: the one named, or the only one there is.

    Raises:
        NotAllowed: the caller does not act for the side named.
        Malformed: it acts for both, and names none.
    """
    draft = original.draft
    sides = sides_of(caller, draft.seller.taxpayer_id, draft.buyer.taxpayer_id)
    if named is not None:
        if named not in sides:
            raise NotAllowed(what=f"confirm as {named}")
        return named
    if len(sides) == 2:
        raise Malformed([fault("missing-member", "/by", name="by (seller, buyer)")])
    return sides[0]


def acting_side(caller: ApiKey, form: Confirmation, action: Action) -> Side:
    """Of the caller's sides, the one that can do this now; else the one it could be doing it as.

    Whoever answers is not the starter, and whoever withdraws is.
    """
    sides = sides_of(caller, form.seller, form.buyer)
    for side in sides:
        if action in allowed(form, side):
            return side
    other: Side = "buyer" if form.started_by == "seller" else "seller"
    natural = form.started_by if action == "withdraw" else other
    return natural if natural in sides else sides[0]
