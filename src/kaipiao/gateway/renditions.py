"""``/v1/invoices/{number}/renditions/{kind}``: an invoice as a document (版式文件).

Documents are made when they are first asked for, in a child process of their own; of those that
wait for it there is a limited number, and looking at a kept one counts for none of them.
"""

from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from kaipiao.delivery.renditions.make import Rendition, etag_of
from kaipiao.errors import Outage
from kaipiao.gateway import parameters
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.calls import AnyRequest, caller_of, visible_invoice
from kaipiao.gateway.wiring import Services

REVALIDATE = "private, no-cache"


class RenditionCalls:
    def __init__(self, services: Services) -> None:
        self._ledger = services.ledger
        self._renditions = services.renditions
        self._room = Bulkhead(services.limits.max_renditions_in_flight)

    def handlers(self) -> list[HTTPRouteHandler]:
        path = "/v1/invoices/{number:str}/renditions/{kind:str}"
        return [get(path, operation_id="read_rendition")(self.read)]

    async def read(
        self,
        request: AnyRequest,
        number: parameters.NumberPath,
        kind: parameters.KindPath,
        receipt: parameters.ReceiptNeed = "required",
    ) -> Response[bytes]:
        """The invoice as a document: `xml`, `xbrl`, `ofd`, `pdf` or `png`.

        Whoever may read the invoice may have it.  The receipt from the evidence log is carried
        inside; in the second after issuing, while there is none yet, this is `proof-not-ready`,
        unless `receipt=if-ready` says that you would rather have the document without.
        """
        if self._renditions is None:
            raise Outage("renditions")
        invoice = await visible_invoice(self._ledger, number, caller_of(request, "read"))
        found = await self._renditions.find(invoice.number, kind)
        if found is None:
            with self._room:
                found = await self._renditions.make(
                    invoice, kind, needs_receipt=receipt == "required"
                )
        return respond_with(found, if_none_match=request.headers.get("if-none-match", ""))


def respond_with(rendition: Rendition, *, if_none_match: str) -> Response[Any]:
    """The document, or that the caller has it already."""
    etag = etag_of(rendition)
    headers = {"etag": etag, "cache-control": REVALIDATE}
    if etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")):
        return Response(b"", status_code=304, headers=headers, media_type=rendition.media_type)
    headers["content-disposition"] = f'attachment; filename="{rendition.file_name}"'
    headers["x-content-type-options"] = "nosniff"
    return Response(rendition.content, headers=headers, media_type=rendition.media_type)
