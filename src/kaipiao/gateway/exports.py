"""``GET /v1/invoices:export``: all of a seller's invoices of some days, as one file.

Rows go out as they are read, so a million of them cost neither side much memory.  What has a
place in the log when the export begins is in it; what is issued meanwhile is not.  An export that
breaks off is cut off visibly: its last chunk is missing.
"""

from collections.abc import AsyncIterator
from typing import get_args

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from kaipiao.errors import Outage
from kaipiao.fiscal.listing import ExportAsk, ExportFormat
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.calls import AnyRequest, caller_of
from kaipiao.gateway.imports import CSV, NDJSON, XLSX
from kaipiao.gateway.invoices import only_taxpayer, span_of
from kaipiao.gateway.wiring import Services

MEDIA_TYPES: dict[str, str] = {"xlsx": XLSX, "csv": f"{CSV}; charset=utf-8", "ndjson": NDJSON}
assert MEDIA_TYPES.keys() == set(get_args(ExportFormat))


class ExportCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._export = services.export
        self._room = Bulkhead(services.limits.max_exports_in_flight)

    def handlers(self) -> list[HTTPRouteHandler]:
        return [get("/v1/invoices:export", operation_id="export_invoices")(self.export)]

    async def export(
        self,
        request: AnyRequest,
        seller: parameters.SellerIfAny = "",
        month: parameters.Month = "",
        since: parameters.Day = "",
        until: parameters.Day = "",
        form: parameters.ExportForm = "xlsx",
    ) -> Stream:
        """All of a seller's invoices of a month or of some days: `form` xlsx, csv or ndjson."""
        seller = seller or only_taxpayer(caller_of(request, "read"))
        caller_of(request, "read", seller)
        first, last = span_of(month, since, until)
        if self._export is None:
            raise Outage("export")
        ask = ExportAsk(seller=seller, since=first, until=last, form=form)  # type: ignore[arg-type]
        with self._room:
            pass  # full: told to come back, while that can still be told
        await self._acts.note(
            request,
            "export.take",
            seller,
            rule=f"read {seller}",
            since=first,
            until=last,
            form=form,
        )
        name = "-".join(filter(None, [seller, month or since, until]))
        return Stream(
            self._held(self._export(ask)),
            media_type=MEDIA_TYPES[form],
            headers={
                "content-disposition": f'attachment; filename="{name}.{form}"',
                "x-content-type-options": "nosniff",
                "cache-control": "no-store",
            },
        )

    async def _held(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        with self._room:
            async for piece in pieces:
                yield piece
