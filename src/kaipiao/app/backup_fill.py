"""Filling a drill's cell: millions of invoices through the door that everybody uses, quickly.

A few thousand drafts are composed once and sent again and again, each time under another key: what
costs us nothing to say costs the cell all that an invoice costs.  Of each request one answer is
read and remembered; the others are counted.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPConnection, HTTPException
from itertools import islice
from queue import Empty, Queue
from urllib.parse import urlsplit

import msgspec

from kaipiao.client.retry import Budget, Purse, Tries
from kaipiao.errors import Outage
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.sample import sample_drafts

SEED = 20261125
DRAFTS = 5_000
"""So many different ones; they come again in the same order."""

LINES = 2_000
"""Invoices a request."""

CALLERS = 4
"""At once: one waits for its commit while another is being decoded."""

ANSWER_WITHIN_S = 60.0
TELL_EVERY_S = 2.0

Progress = Callable[[int, int], None]
"""Told how many of how many."""

Numbers = dict[int, str]
"""The number that was acknowledged, by the place of the sale."""


class _Told(msgspec.Struct):
    number: str


class _Line(msgspec.Struct):
    status: int
    receipt: _Told | None = None


class Filler:
    """Issues sales ``first`` to ``last`` of the drill's list; ``numbers`` holds the sample."""

    def __init__(self, url: str, token: str) -> None:
        self._address = urlsplit(url).netloc
        self._head = {"authorization": f"Bearer {token}", "content-type": "application/x-ndjson"}
        self._drafts = [msgspec.json.encode(one) for one in islice(sample_drafts(SEED), DRAFTS)]
        self._failure: Exception | None = None
        self.numbers: Numbers = {}

    def fill(self, places: range, progress: Progress) -> None:
        """Raises Outage: the cell stopped answering, or refused a sale."""
        todo: Queue[range] = Queue()
        for first in range(places.start, places.stop, LINES):
            todo.put(range(first, min(first + LINES, places.stop)))
        callers = [threading.Thread(target=self._call, args=(todo,)) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        while any(caller.is_alive() for caller in callers):
            progress(max(0, len(places) - todo.qsize() * LINES), len(places))
            callers[0].join(TELL_EVERY_S)
            callers[-1].join(0.0 if callers[0].is_alive() else TELL_EVERY_S)
        if self._failure:
            raise self._failure

    def body(self, places: range) -> bytes:
        """NDJSON: a line a sale.  Sale ``n`` is the same in every run."""
        return b"".join(
            b'{"key":"%b","draft":%b}\n' % (key_of(n).encode(), self._drafts[n % DRAFTS])
            for n in places
        )

    def _call(self, todo: "Queue[range]") -> None:
        line = HTTPConnection(self._address, timeout=ANSWER_WITHIN_S)
        try:
            while self._failure is None:
                self._ask_until_answered(line, todo.get_nowait())
        except Empty:
            return
        except Exception as failure:
            self._failure = failure
        finally:
            line.close()

    def _ask_until_answered(self, line: HTTPConnection, places: range) -> None:
        tries = Tries(Budget(ANSWER_WITHIN_S), Purse())
        while True:
            try:
                return self._ask(line, places)
            except (HTTPException, OSError) as error:
                line.close()
                if not tries.pause(None):
                    raise Outage("serve") from error

    def _ask(self, line: HTTPConnection, places: range) -> None:
        line.request("POST", "/v1/invoices:batch", self.body(places), self._head)
        answer = line.getresponse().read()
        good = answer.count(b'"status":201') + answer.count(b'"status":200')
        if good != len(places):
            raise HTTPException(f"{good} of {len(places)}: {answer[-500:]!r}")
        first = msgspec.json.decode(answer.partition(b"\n")[0], type=_Line)
        assert first.receipt, answer[:200]
        self.numbers[places.start] = first.receipt.number


def key_of(place: int) -> str:
    return f"drill-{place}"


def drafts_at(places: Iterable[int]) -> Iterator[tuple[str, Draft]]:
    """Key and draft of each of these sales, as ``Filler.body`` sends them."""
    known = list(islice(sample_drafts(SEED), DRAFTS))
    for n in places:
        yield key_of(n), known[n % DRAFTS]
