"""``POST /v1/documents:read``: what a document says, with a verdict for every rule.

Documents of strangers are read in a child process of their own, one at a time for each of our
processes; of those that wait there is a limited number, so that reading starves nothing else.
"""

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from kaipiao.base.unreadable import Unreadable
from kaipiao.errors import Outage
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.calls import AnyRequest, caller_of, visit_of
from kaipiao.gateway.reading import check_media_type
from kaipiao.gateway.refusals import DocumentUnreadable
from kaipiao.gateway.wiring import Services

MEDIA_TYPES = (
    "application/octet-stream",
    "application/xml",
    "application/ofd",
    "application/pdf",
    "image/png",
    "image/jpeg",
    "text/plain",
)
"""What a document may be sent as; told apart by its bytes, whatever it is called."""

_TAKEN = frozenset(map(str.encode, (*MEDIA_TYPES, "text/xml", "")))


class DocumentCalls:
    def __init__(self, services: Services) -> None:
        self._reading_room = services.reading_room
        self._room = Bulkhead(services.limits.max_readings_in_flight)

    def handlers(self) -> list[HTTPRouteHandler]:
        path = "/v1/documents:read"
        return [post(path, operation_id="read_document", status_code=200)(self.read)]

    async def read(self, request: AnyRequest) -> Response[bytes]:
        """Read an invoice document, whoever issued it, with a verdict for every rule.

        The body is the file itself: an XML invoice, an OFD (seals included), a PDF with the XML
        attached, XBRL, the text of a QR code, or a PNG or JPEG picture with the code in it.
        Nothing is kept.  A verdict never says more than was checked; whether the invoice was
        issued and not reversed since, ask `POST /v1/verify`.
        """
        caller_of(request, "read")
        check_media_type(visit_of(request), _TAKEN)
        if self._reading_room is None:
            raise Outage("readers")
        with self._room:
            try:
                report = await self._reading_room.read(await request.body())
            except Unreadable as why:
                raise DocumentUnreadable(
                    where=why.where or "/", why_zh=why.zh, why_en=why.en
                ) from None
        return Response(report, media_type="application/json")
