"""What every call of the surface starts with: who is asking, and what they may see."""

from typing import Any

import msgspec
from litestar import Request, Response

from kaipiao.errors import NoSuchInvoice, NotAllowed
from kaipiao.fiscal.invoice import Invoice
from kaipiao.fiscal.number import InvoiceNumber, parse_number
from kaipiao.gateway.identity import authorize
from kaipiao.gateway.reading import JSON_TYPES, check_media_type, decode
from kaipiao.gateway.visit import VISIT, Answer, Visit
from kaipiao.ports import ApiKey, Ledger

AnyRequest = Request[Any, Any, Any]


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON is read into the handler's own type, strictly.

    Litestar's own reading takes ``"12"`` for a number, the last of two equal members, and
    tells of one fault only.
    """

    async def json(self) -> Any:
        field = self.route_handler.parsed_data_field
        assert field is not None
        check_media_type(visit_of(self), JSON_TYPES)
        return decode(await self.body(), msgspec.json.Decoder(field.annotation))


def visit_of(request: AnyRequest) -> Visit:
    visit = request.scope[VISIT]  # type: ignore[literal-required]  # ours, not ASGI's
    assert isinstance(visit, Visit)
    return visit


def caller_of(request: AnyRequest, permission: str, taxpayer: str | None = None) -> ApiKey:
    """The calling key, if it may.  Raises NotAuthenticated or NotAllowed."""
    return authorize(visit_of(request).key, permission, taxpayer)


async def visible_invoice(ledger: Ledger, number: str, key: ApiKey) -> Invoice:
    """The invoice, if it is there and the caller is a side of it.

    Raises:
        NoSuchInvoice: either way; who may not see it learns nothing.
    """
    invoice = await ledger.read(number_of(number))
    if invoice is None:
        raise NoSuchInvoice
    if not may_see(key, invoice):
        raise NoSuchInvoice from NotAllowed(what="an invoice of others")
    return invoice


def may_see(key: ApiKey, invoice: Invoice) -> bool:
    seller, buyer = invoice.draft.seller.taxpayer_id, invoice.draft.buyer.taxpayer_id
    return key.acts_for(seller) or (buyer != "" and key.acts_for(buyer))


def number_of(text: str) -> InvoiceNumber:
    """Raises NoSuchInvoice: no invoice bears a name that is no number."""
    try:
        return parse_number(text)
    except ValueError:
        raise NoSuchInvoice from None


def respond(answer: Answer) -> Response[Any]:
    """An answer of ours as Litestar sends it."""
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    media_type = headers.pop("content-type")
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=media_type)
