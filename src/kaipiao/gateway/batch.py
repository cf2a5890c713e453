"""``POST /v1/invoices:batch``: NDJSON in, one result line for each line in, in order.

    {"key": "sale-1", "draft": {…}}
    {"line": 1, "key": "sale-1", "status": 201, "receipt": {…}}

Lines are issued in chunks as they arrive, and each chunk's results are sent as soon as it is
durable.  No line fails its neighbours.  To resume after a cut, send the whole file again:
lines that were issued answer 200 with their first receipt.

Results wait in memory for a caller who sends everything before reading anything: if we stopped
reading until they read, both would wait for ever.  How much waits, for one caller and for all of
them, is bounded (``unread.py``).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from kaipiao.errors import NotAllowed, Outage, Refusal
from kaipiao.fiscal.invoice import Receipt
from kaipiao.gateway.arriving import Arriving, Share
from kaipiao.gateway.batch_lines import LineReader
from kaipiao.gateway.denials import Denials
from kaipiao.gateway.finish import finish
from kaipiao.gateway.identity import authorize
from kaipiao.gateway.lines import Cut, LineCutter
from kaipiao.gateway.outlet import Outlet
from kaipiao.gateway.plain_answer import answers_under
from kaipiao.gateway.problems import Problem, compose_problem
from kaipiao.gateway.rates import Rates
from kaipiao.gateway.reading import CallerGone, check_length, check_media_type
from kaipiao.gateway.refusals import BatchTooLarge, BodyTooSlow, Busy
from kaipiao.gateway.shapes import ReceiptView
from kaipiao.gateway.unread import Unread
from kaipiao.gateway.visit import Message, Receive, Send, Visit
from kaipiao.gateway.wiring import Services
from kaipiao.issuing.issue import Ask, PlainAsk
from kaipiao.ports import ApiKey, Outcome

MEDIA_TYPE = b"application/x-ndjson"
MEDIA_TYPES = frozenset({MEDIA_TYPE, b"application/ndjson", b"application/jsonl"})

_encode = msgspec.json.Encoder().encode


class BatchResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one line: a receipt (201, or 200 for a repeat) or a problem."""

    line: int
    status: int
    key: str = ""
    receipt: ReceiptView | None = None
    problem: Problem | None = None


class BatchCall:
    """Answers the batch call."""

    def __init__(
        self, services: Services, unread: Unread, arriving: Arriving, denials: Denials
    ) -> None:
        self._denials = denials
        self._issuing = services.issuing
        self._limits = services.limits
        self._unread = unread
        self._arriving = arriving
        self._answers = answers_under(b"")

    async def __call__(self, visit: Visit, receive: Receive, send: Send, *, rates: Rates) -> None:
        caller = authorize(visit.key, "issue")
        check_media_type(visit, MEDIA_TYPES)
        check_length(visit, self._limits.max_batch_bytes)
        self._unread.check_room(self._limits.max_unsent_bytes)
        outlet = Outlet(
            send,
            visit,
            self._unread,
            media_type=MEDIA_TYPE,
            max_unsent_bytes=self._limits.max_unsent_bytes,
            patience_s=self._limits.batch_timeout_s,
        )
        try:
            with self._arriving.share() as share:
                await self._run(visit, receive, share, outlet, caller, rates)
        finally:
            await outlet.abandon()

    async def _run(
        self,
        visit: Visit,
        receive: Receive,
        share: Share,
        outlet: Outlet,
        caller: ApiKey,
        rates: Rates,
    ) -> None:
        last = 0
        reader = LineReader(self._issuing, caller, max_line_bytes=self._limits.max_body_bytes)
        try:
            async for chunk in self._chunks(receive, share):
                await _pace(rates, caller.key_id, len(chunk))
                await outlet.put(await self._issue(reader, chunk, visit))
                last = chunk[-1][0]
        except (BatchTooLarge, BodyTooSlow, Busy) as end:
            if not outlet.has_begun:
                raise
            await outlet.put(self._problem(last + 1, "", end, visit))
        await outlet.close()

    async def _chunks(self, receive: Receive, share: Share) -> AsyncIterator[Sequence[Cut]]:
        """Lines as they come, at most so many at once.

        Raises:
            BatchTooLarge, BodyTooSlow, Busy: after the lines before it.
            CallerGone
        """
        limits = self._limits
        cutter = LineCutter(limits.max_body_bytes)
        left, size, more = limits.max_batch_lines, 0, True
        patience = _Patience(limits.body_timeout_s, limits.batch_timeout_s)
        while more:
            message = await patience.wait(receive)
            piece: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(piece)
            if size > limits.max_batch_bytes:
                raise BatchTooLarge(limit=f"{limits.max_batch_bytes} bytes")
            cuts = cutter.feed(piece) + ([] if more else cutter.end())
            for start in range(0, min(len(cuts), left), limits.batch_chunk_lines):
                yield cuts[start : min(start + limits.batch_chunk_lines, left)]
            share.hold(cutter.kept_bytes)
            left -= len(cuts)
            if left < 0:
                raise BatchTooLarge(limit=f"{limits.max_batch_lines} lines")

    async def _issue(self, reader: LineReader, chunk: Sequence[Cut], visit: Visit) -> bytes:
        """A result for each line, once all of them are known."""
        reads = reader.read(chunk)
        asks = [ask for _, _, ask in reads if not isinstance(ask, Refusal)]
        outcomes = iter(await self._outcomes(asks))
        return b"".join(
            [
                self._result(
                    number, key, ask if isinstance(ask, Refusal) else next(outcomes), visit
                )
                for number, key, ask in reads
            ]
        )

    async def _outcomes(self, asks: Sequence[Ask | PlainAsk]) -> Sequence[Outcome]:
        try:
            issuing = self._issuing.issue_all(asks)
            return await finish(issuing, timeout_s=self._limits.answer_timeout_s)
        except Outage as outage:
            return [outage] * len(asks)

    def _result(self, line: int, key: str, outcome: Outcome, visit: Visit) -> bytes:
        if isinstance(outcome, Receipt):
            return self._answers.result(line, outcome)
        return self._problem(line, key, outcome, visit)

    def _problem(self, line: int, key: str, failure: Refusal | Outage, visit: Visit) -> bytes:
        if isinstance(failure, NotAllowed):
            self._denials.note(visit, failure)
        problem, _ = compose_problem(
            failure,
            language=visit.language,
            request_id=f"{visit.request_id.decode()}:{line}",
            max_violations=self._limits.max_violations,
        )
        result = BatchResult(line=line, key=key, status=problem.status, problem=problem)
        return _encode(result) + b"\n"


class _Patience:
    """Waits for the next piece, not too long for one and not too long for all."""

    def __init__(self, piece_s: float, whole_s: float) -> None:
        self._piece_s = piece_s
        self._whole_s = whole_s
        self._end = asyncio.get_running_loop().time() + whole_s

    async def wait(self, receive: Receive) -> Message:
        left_s = self._end - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(self._piece_s, left_s)):
                message = await receive()
        except TimeoutError:
            timeout_s = self._piece_s if left_s > self._piece_s else self._whole_s
            raise BodyTooSlow(timeout_s=timeout_s) from None
        if message["type"] == "http.disconnect":
            raise CallerGone
        return message


async def _pace(rates: Rates, caller: str, lines: int) -> None:
    """Wait until the caller may issue so many; a batch is slowed down, never refused, by rate."""
    await asyncio.sleep(rates.wait_s(caller, tokens=lines))
    rates.charge(caller, tokens=lines)
