"""Download links: a rendition for whoever holds the link, for a while, without an API key.

``/download/{token}`` is signed, so a made-up one costs nobody a look into the ledger.  The token
is as good as a key to that one document: it is in no log of ours.
"""

from datetime import timedelta

from litestar import Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.delivery.sending.secret import compose_link_id, link_id_of, link_token
from kaipiao.errors import NotAllowed, Outage
from kaipiao.fiscal.delivery import DownloadLink
from kaipiao.fiscal.number import parse_number
from kaipiao.gateway import parameters
from kaipiao.gateway.access import DOWNLOAD
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.calls import AnyRequest, caller_of, visible_invoice
from kaipiao.gateway.delivery_asks import LinkAsk
from kaipiao.gateway.delivery_shapes import LinkList, NewLink, view_link
from kaipiao.gateway.orders import Outward, check_kinds, may_manage, needed
from kaipiao.gateway.refusals import NoSuchLink
from kaipiao.gateway.wiring import Services

PRIVATE = {
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
}


class LinkCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._outward = services.outward
        self._ledger = services.ledger
        self._renditions = services.renditions
        self._clock = services.clock
        self._room = Bulkhead(services.limits.max_renditions_in_flight)

    def handlers(self) -> list[HTTPRouteHandler]:
        of_invoice = "/v1/invoices/{number:str}/links"
        return [
            post(of_invoice, operation_id="create_link")(self.create),
            get(of_invoice, operation_id="list_links")(self.list_links),
            delete("/v1/links/{link_id:str}", operation_id="revoke_link")(self.revoke),
            get("/download/{token:str}", operation_id="download", everyone=True)(self.download),
        ]

    async def create(
        self, request: AnyRequest, number: parameters.NumberPath, data: JSONBody[LinkAsk]
    ) -> NewLink:
        """A link by which anyone can fetch this document until it expires or is used up.

        Its address is shown this once.
        """
        outward, caller = needed(self._outward), caller_of(request, "deliver")
        invoice = await visible_invoice(self._ledger, number, caller)
        check_kinds((data.rendition,))
        now = self._clock.now()
        link = DownloadLink(
            link_id=compose_link_id(),
            number=invoice.number,
            kind=data.rendition,
            tenant=caller.tenant,
            seller=invoice.draft.seller.taxpayer_id,
            created_at=now,
            expires_at=now + timedelta(seconds=data.expires_in_s),
            max_uses=data.max_uses,
        )
        facts = {"number": link.number, "kind": link.kind, "expires_at": link.expires_at}
        async with self._acts.doing(
            request, "link.create", link.link_id, rule="deliver", max_uses=link.max_uses, **facts
        ):
            await outward.links.add(link)
        base = outward.public_url or str(request.base_url)
        url = base.rstrip("/") + DOWNLOAD + link_token(outward.key, link)
        return NewLink(link=view_link(link), url=url)

    async def list_links(self, request: AnyRequest, number: parameters.NumberPath) -> LinkList:
        """The links of an invoice that the caller's tenant made, and how often each was used."""
        outward, caller = needed(self._outward), caller_of(request, "read")
        invoice = await visible_invoice(self._ledger, number, caller)
        links = await outward.links.of_number(invoice.number)
        return LinkList(tuple(view_link(one) for one in links if may_manage(caller, one.tenant)))

    async def revoke(self, request: AnyRequest, link_id: parameters.LinkPath) -> None:
        """End a link, at once."""
        outward, caller = needed(self._outward), caller_of(request, "deliver")
        link = await outward.links.read(link_id) if link_id.isascii() else None
        if link is None:
            raise NoSuchLink
        if not may_manage(caller, link.tenant):
            raise NoSuchLink from NotAllowed(what="a link of others")
        async with self._acts.doing(
            request, "link.revoke", link_id, rule="deliver", number=link.number
        ):
            await outward.links.revoke(link_id, at=self._clock.now())

    async def download(self, request: AnyRequest, token: parameters.TokenPath) -> Response[bytes]:
        """The document behind a link."""
        outward = needed(self._outward)
        link = await self._usable(outward, token)
        if self._renditions is None:
            raise Outage("renditions")
        invoice = await self._ledger.read(parse_number(link.number))
        assert invoice is not None, "a link names an issued invoice"
        with self._room:
            made = await self._renditions.make(invoice, link.kind)
        if await outward.links.use(link.link_id, at=self._clock.now()) is None:
            raise NoSuchLink  # someone else used it up meanwhile
        headers = {"content-disposition": f'attachment; filename="{made.file_name}"'} | PRIVATE
        return Response(made.content, headers=headers, media_type=made.media_type)

    async def _usable(self, outward: Outward, token: str) -> DownloadLink:
        """Raises NoSuchLink.  A use is counted only for a document that could be made."""
        link_id = link_id_of(outward.key, token)
        link = await outward.links.read(link_id) if link_id else None
        now = self._clock.now()
        if link is None or link.revoked_at is not None or link.expires_at <= now:
            raise NoSuchLink
        if link.max_uses and link.uses >= link.max_uses:
            raise NoSuchLink
        return link
