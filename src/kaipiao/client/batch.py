"""Many invoices at once: NDJSON up, results down, and whatever was cut off asked again.

Sales go out in chunks.  A chunk is asked about until every line of it has its answer or the
budget is spent; lines that are still open then are ``unknown``, never failed.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from kaipiao.client.answers import BatchResult, Receipt
from kaipiao.client.problem import Problem
from kaipiao.client.retry import Tries
from kaipiao.client.talk import SICK, is_worth_asking_again, retry_after_s
from kaipiao.client.wire import Wire, why_of
from kaipiao.fiscal.draft import Draft

CHUNK_LINES = 500
PATH = "/v1/invoices:batch"
MEDIA_TYPE = "application/x-ndjson"


class Sale(NamedTuple):
    """One sale; ``line`` is the caller's own number for it and comes back in its result."""

    line: int
    key: str
    draft: Draft


class _Line(msgspec.Struct):
    line: int
    status: int
    receipt: Receipt | None = None
    problem: msgspec.Raw = msgspec.Raw(b"{}")


def issue_batch(wire: Wire, sales: Iterable[Sale]) -> Iterator[BatchResult]:
    """One result for each sale, in order.

    Raises:
        Problem: the server refuses the whole batch, for example for want of a permission.
    """
    source = iter(sales)
    while chunk := list(islice(source, CHUNK_LINES)):
        yield from _Chunk(wire, chunk).run()


class _Chunk:
    def __init__(self, wire: Wire, sales: Sequence[Sale]) -> None:
        self._wire = wire
        self._sales = sales
        self._results: dict[int, BatchResult] = {}

    def run(self) -> Iterator[BatchResult]:
        """Ask until nothing is open, and give results in order as the first open one is closed."""
        import httpx

        tries = Tries(self._wire.budget, self._wire.purse)
        given, why = 0, ""
        while open_places := [n for n in range(len(self._sales)) if n not in self._results]:
            wait_s: float | None = None
            member = self._wire.members.current
            try:
                wait_s, why = self._ask(member, open_places)
            except httpx.TransportError as error:
                self._wire.members.fell_silent(member)
                why = why_of(error)
            while given in self._results:
                yield self._results[given]
                given += 1
            if len(self._results) == len(self._sales):
                tries.succeeded()
            elif not tries.pause(wait_s):
                break
        for place in range(given, len(self._sales)):
            yield self._results.get(place) or _unknown(self._sales[place], why)

    def _ask(self, member: str, places: Sequence[int]) -> tuple[float | None, str]:
        """Send the sales at ``places`` and note what is answered; when to come back, and why."""
        body = b"".join(_encode(self._sales[place]) for place in places)
        headers = {"content-type": MEDIA_TYPE}
        where = member + PATH
        with self._wire.http.stream("POST", where, content=body, headers=headers) as answer:
            if answer.status_code >= 400:
                problem = Problem(answer.status_code, answer.read())
                if not is_worth_asking_again(answer.status_code, problem):
                    raise problem
                if answer.status_code in SICK:
                    self._wire.members.fell_silent(member)
                return retry_after_s(answer), str(problem)
            why = "the answer was cut off"
            for text in answer.iter_lines():
                why = self._note(places, text) or why
            return None, why

    def _note(self, places: Sequence[int], text: str) -> str:
        """Keep one result; what is retryable stays open, and why is returned."""
        line = msgspec.json.decode(text, type=_Line)
        place = places[line.line - 1]
        sale = self._sales[place]
        if line.receipt is not None:
            self._results[place] = _issued(sale, line.receipt, replayed=line.status == 200)
            return ""
        problem = Problem(line.status, bytes(line.problem))
        if is_worth_asking_again(line.status, problem):
            return str(problem)
        self._results[place] = _refused(sale, problem)
        return ""


def _encode(sale: Sale) -> bytes:
    return msgspec.json.encode({"key": sale.key, "draft": sale.draft}) + b"\n"


def _issued(sale: Sale, receipt: Receipt, *, replayed: bool) -> BatchResult:
    return BatchResult(
        line=sale.line,
        key=sale.key,
        outcome="replayed" if replayed else "issued",
        number=receipt.number,
        issued_at=receipt.issued_at,
    )


def _refused(sale: Sale, problem: Problem) -> BatchResult:
    return BatchResult(
        line=sale.line,
        key=sale.key,
        outcome="refused",
        code=problem.code,
        zh=problem.zh,
        en=problem.en,
        violations=tuple(problem.violations),
    )


def _unknown(sale: Sale, why: str) -> BatchResult:
    return BatchResult(
        line=sale.line,
        key=sale.key,
        outcome="unknown",
        code="unavailable",
        zh=f"没有得到答复 ({why})。请原样再次提交, 不会重复开具。",
        en=f"No answer ({why}). Send it again as it is; nothing is ever issued twice.",
    )
