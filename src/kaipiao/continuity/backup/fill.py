"""Filling a drill's cell: millions of invoices through the door that everybody uses, quickly.

A few thousand drafts are composed once and sent again and again, each time under another key: what
costs us nothing to say costs the cell all that an invoice costs.  Of each request one answer is
read and remembered; the others are counted.
"""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from kaipiao.client.retry import Budget, Pauses
from kaipiao.continuity.backup.saying import Progress
from kaipiao.errors import Outage
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.sample import sample_drafts

if TYPE_CHECKING:
    import httpx

SEED = 20261125
DRAFTS = 5_000
"""So many different ones; they come again in the same order."""

LINES = 2_000
"""Invoices a request."""

CALLERS = 4
"""At once: one waits for its commit while another is being decoded."""

ANSWER_WITHIN_S = 60.0

Numbers = dict[int, str]
"""The number that was acknowledged, by the place of the sale."""


class _Told(msgspec.Struct):
    number: str


class _Line(msgspec.Struct):
    status: int
    receipt: _Told | None = None


_decode = msgspec.json.Decoder(_Line).decode


class Filler:
    """Issues the sales of the drill's list; ``numbers`` holds the sample."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/v1/invoices:batch"
        self._head = {"authorization": f"Bearer {token}", "content-type": "application/x-ndjson"}
        self._drafts = [msgspec.json.encode(one) for one in islice(sample_drafts(SEED), DRAFTS)]
        self.numbers: Numbers = {}

    async def fill(self, places: range, progress: Progress) -> None:
        """Raises Outage: the cell stopped answering, or refused a sale."""
        import httpx

        starts = iter(range(places.start, places.stop, LINES))
        done = 0

        async def call(line: httpx.AsyncClient) -> None:
            nonlocal done
            for start in starts:
                asked = range(start, min(start + LINES, places.stop))
                await self._ask_until_answered(line, asked)
                done += len(asked)
                progress(done, len(places))

        async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, headers=self._head) as line:
            await asyncio.gather(*(call(line) for _ in range(CALLERS)))

    def body(self, places: range) -> bytes:
        """NDJSON: a line a sale.  Sale ``n`` is the same in every run."""
        return b"".join(
            b'{"key":"%b","draft":%b}\n' % (key_of(n).encode(), self._drafts[n % DRAFTS])
            for n in places
        )

    async def _ask_until_answered(self, line: "httpx.AsyncClient", places: range) -> None:
        """The same keys again until every one of them has its number."""
        import httpx

        pauses = Pauses(Budget(ANSWER_WITHIN_S))
        while True:
            try:
                answer = (await line.post(self._url, content=self.body(places))).content
                good = answer.count(b'"status":201') + answer.count(b'"status":200')
                why = answer[-500:].decode(errors="replace")
            except httpx.HTTPError as error:
                good, why = 0, repr(error)
            if good == len(places):
                self._note(places.start, answer)
                return
            if (pause_s := pauses.next_s()) is None:
                raise Outage(f"serve ({why})")
            await asyncio.sleep(pause_s)

    def _note(self, place: int, answer: bytes) -> None:
        first = _decode(answer.partition(b"\n")[0])
        assert first.receipt, answer[:200]
        self.numbers[place] = first.receipt.number


def key_of(place: int) -> str:
    return f"drill-{place}"


def drafts_at(places: Iterable[int]) -> Iterator[tuple[str, Draft]]:
    """Key and draft of each of these sales, as ``Filler.body`` sends them."""
    known = list(islice(sample_drafts(SEED), DRAFTS))
    for n in places:
        yield key_of(n), known[n % DRAFTS]
