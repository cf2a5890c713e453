"""``POST /v1/verify`` (查验): anyone may ask, with fields or with a receipt in hand."""

import asyncio
import math
from datetime import datetime, timedelta

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler

from kaipiao.errors import Malformed, Outage, VerifyLimitReached
from kaipiao.evidence.note import parse_vkey
from kaipiao.evidence.trust import Trust
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.fiscal.month import BEIJING
from kaipiao.gateway.calls import AnyRequest, visit_of
from kaipiao.gateway.fault_words import fault
from kaipiao.gateway.reading import JSON_TYPES, check_media_type, decode
from kaipiao.gateway.wiring import Services
from kaipiao.issuing.verify import Finding, Question

TEXT_TYPE = b"text/plain"
RECEIPT_MAX_BYTES = 64 * 1024


class ReceiptFault(msgspec.Struct, frozen=True):
    code: str
    why: str


class ReceiptFinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a receipt is genuine.  What it says is repeated only if it is."""

    genuine: bool
    faults: tuple[ReceiptFault, ...] = ()
    number: str = ""
    issued_at: datetime | None = None
    net_fen: int | None = None
    tax_fen: int | None = None
    digest: str = ""
    log_index: int | None = None
    log_size: int | None = None


class VerifyCall:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._decoder = msgspec.json.Decoder(Question)
        keys = (services.log_vkey, *services.former_vkeys)
        self._trust = Trust(tuple(map(parse_vkey, keys))) if services.log_vkey else None

    def handlers(self) -> list[HTTPRouteHandler]:
        return [
            post("/v1/verify", operation_id="verify", status_code=200, everyone=True)(self.verify)
        ]

    async def verify(self, request: AnyRequest) -> Finding | ReceiptFinding:
        """Verify an invoice by its printed fields (JSON), or a receipt (text/plain).

        Needs no key.  By fields, one invoice can be verified five times a day; a receipt, which
        proves itself, as often as you like.
        """
        visit = visit_of(request)
        check_media_type(visit, JSON_TYPES | {TEXT_TYPE})
        body = await request.body()
        if visit.media_type.partition(b";")[0].strip().lower() == TEXT_TYPE:
            return await self._judge(body)
        return await self._look_up(decode(body, self._decoder))

    async def _look_up(self, question: Question) -> Finding:
        try:
            return await self._services.verifying.verify(question)
        except VerifyLimitReached as full:
            full.facts["retry_after_s"] = self._until_tomorrow_s()
            raise

    async def _judge(self, body: bytes) -> ReceiptFinding:
        if self._trust is None:
            raise Outage("evidence")
        try:
            text = body[: RECEIPT_MAX_BYTES + 1].decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed([fault("not-utf8", "", at=error.start)]) from None
        verdict = await asyncio.to_thread(verify_receipt, text, self._trust)
        faults = tuple(ReceiptFault(fault.code.value, fault.why) for fault in verdict.faults)
        if faults or verdict.opening is None or verdict.checkpoint is None:
            return ReceiptFinding(genuine=False, faults=faults)
        opening = verdict.opening
        return ReceiptFinding(
            genuine=True,
            number=opening.number,
            issued_at=opening.issued_at,
            net_fen=opening.net_fen,
            tax_fen=opening.tax_fen,
            digest=opening.digest,
            log_index=verdict.index,
            log_size=verdict.checkpoint.size,
        )

    def _until_tomorrow_s(self) -> int:
        now = self._services.clock.now().astimezone(BEIJING)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return math.ceil((midnight - now).total_seconds())
