"""``/v1/renditions.zip``: a seller's documents of one month, in a ZIP made as it is sent."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from kaipiao.delivery.sending.bundle import Bundle
from kaipiao.errors import Outage, ProofNotReady, Refusal
from kaipiao.fiscal.invoice import Invoice
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.month import BEIJING, beijing_day, month_bounds, parse_month
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.calls import AnyRequest, caller_of
from kaipiao.gateway.orders import check_kinds
from kaipiao.gateway.refusals import Busy
from kaipiao.gateway.wiring import Services

MAX_INVOICES = 100_000
"""Invoices in one ZIP; its list says where to go on."""

BUNDLES_AT_ONCE = 2
"""ZIPs under way in one process; one more is told to come back."""

PAGE = 100
_HEAD = (
    "发票号码 number", "开票日期 issued on", "购方 buyer", "价税合计 gross (yuan)",
    "文件 file", "说明 remark",
)  # fmt: skip


class BundleCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._ledger = services.ledger
        self._renditions = services.renditions
        self._clock = services.clock
        self._room = Bulkhead(BUNDLES_AT_ONCE)

    def handlers(self) -> list[HTTPRouteHandler]:
        return [
            get(
                "/v1/renditions.zip",
                operation_id="download_month",
                media_type="application/zip",
            )(self.download)
        ]

    async def download(
        self,
        request: AnyRequest,
        seller: parameters.Seller,
        month: parameters.NamedMonth,
        kind: parameters.KindQuery = "pdf",
        after: parameters.AfterIndex = 0,
    ) -> Stream:
        """A seller's documents of a month as a ZIP, with `index.csv`, in the log's order.

        At most 100,000 invoices; the last line of `index.csv` then says where to go on (`after`).
        A ZIP that was cut off lacks its end, and no program opens it.
        """
        caller_of(request, "read", seller)
        if self._renditions is None:
            raise Outage("renditions")
        check_kinds((kind,))
        if self._room.is_full:
            raise Busy
        rule = f"read {seller}"
        await self._acts.note(
            request, "bundle.take", seller, rule=rule, month=month, kind=kind, after=after
        )
        name = f"{seller}-{month}-{kind}.zip"
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "private, no-store",
        }
        pieces = self._inside(self._write(seller, month, kind, after))
        return Stream(pieces, headers=headers, media_type="application/zip")

    async def _inside(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """In the room until the last byte is sent, or whoever asked goes away."""
        with self._room:
            async for piece in pieces:
                if piece:
                    yield piece

    async def _write(self, seller: str, month: str, kind: str, after: int) -> AsyncIterator[bytes]:
        start, end = month_bounds(parse_month(month))
        since, until = beijing_day(start), beijing_day(end) - timedelta(days=1)
        bundle, listed, count = Bundle(), _Listing(), 0
        place: int | None = after
        while place is not None and count < MAX_INVOICES:
            page = await self._ledger.page(
                seller, since=since, until=until, after=place, limit=PAGE
            )
            for invoice in page.invoices:
                yield await self._add(bundle, listed, invoice, kind)
            count += len(page.invoices)
            place = page.after
        if place is not None:
            listed.note_more(place)
        yield bundle.add("index.csv", listed.content(), at=self._clock.now())
        yield bundle.close()

    async def _add(self, bundle: Bundle, listed: "_Listing", invoice: Invoice, kind: str) -> bytes:
        assert self._renditions is not None
        try:
            made = await self._renditions.make(invoice, kind, needs_receipt=False)
        except ProofNotReady:
            raise
        except Refusal as why:  # this one cannot be made: said in the list, and the rest goes on
            listed.note(invoice, "", f"{why.text('zh')} {why.text('en')}")
            return b""
        listed.note(invoice, made.file_name, "")
        return bundle.add(made.file_name, made.content, at=invoice.issued_at)


class _Listing:
    """``index.csv``: one line an invoice, for Excel as well (UTF-8 with its mark)."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._writer = csv.writer(self._text)
        self._writer.writerow(_HEAD)

    def note(self, invoice: Invoice, file_name: str, remark: str) -> None:
        day = invoice.issued_at.astimezone(BEIJING).date()
        gross = format_yuan(invoice.totals.gross_fen)
        buyer = _plain(invoice.draft.buyer.name)
        self._writer.writerow((f"{invoice.number}\t", day, buyer, gross, file_name, remark))

    def note_more(self, after: int) -> None:
        self._writer.writerow(("", "", "", "", "", f"接着下载 go on with after={after}"))

    def content(self) -> bytes:
        return b"\xef\xbb\xbf" + self._text.getvalue().encode()


def _plain(text: str) -> str:
    """A name that a spreadsheet would take for a formula is marked as text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
