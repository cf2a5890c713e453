"""The two clients of a cell.  What can be asked is in ``calls.py``, written once for both.

    with Client("http://127.0.0.1:8720", key) as cell:
        receipt = cell.issue(draft, key="order-4711")
        proof = cell.receipt(receipt.number)

    async with AsyncClient(["http://192.0.2.1:8720", "http://192.0.2.2:8720"], key) as cell:
        receipt = await cell.issue(draft, key="order-4711")

``key`` names the sale in your own books; see the package for what it is good for.  Several
addresses are the members of one cell: whichever answers is asked first the next time.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from types import TracebackType
from typing import TypeVar

from kaipiao.client.answers import BatchResult
from kaipiao.client.async_wire import AsyncWire
from kaipiao.client.audit import Audit
from kaipiao.client.batch import Sale, issue_batch
from kaipiao.client.calls import Calls
from kaipiao.client.delivery import Deliveries
from kaipiao.client.question import Question
from kaipiao.client.retry import Budget
from kaipiao.client.seals import Seals
from kaipiao.client.wire import Wire
from kaipiao.client.written_once import Awaited, Waiting

T = TypeVar("T")


class Client(Calls, Waiting):
    """One cell, one API key; may be used by several threads at a time."""

    def __init__(
        self, url: str | Sequence[str], key: str | None = None, *, budget: Budget | None = None
    ) -> None:
        self._wire = Wire(url, key, budget=budget or Budget())
        self.deliveries = Deliveries(self._wire)
        self.seals = Seals(self._wire)
        self.audit = Audit(self._wire)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._wire.__exit__(kind, error, _)

    @property
    def url(self) -> str:
        """The address that is asked first: of the member that answered last."""
        return self._wire.members.current

    def put(self, question: Question[T]) -> T:
        return self._wire.put(question)

    def batch(self, sales: Iterable[Sale]) -> Iterator[BatchResult]:
        """Issue many; one result for each, in order, as they become known.

        Never raises for one line: what is refused or unknown is in its result.
        """
        return issue_batch(self._wire, sales)

    def export(
        self, seller: str, *, form: str, since: date | None = None, until: date | None = None
    ) -> Iterator[bytes]:
        """All of a seller's invoices as one file (``xlsx``, ``csv``, ``ndjson``), in pieces."""
        days = {"since": since, "until": until}
        given = {name: day.isoformat() for name, day in days.items() if day}
        return self._wire.stream("/v1/invoices:export", {"seller": seller, "form": form} | given)


class AsyncClient(Calls, Awaited):
    """The same calls, awaited; for one event loop."""

    def __init__(
        self, url: str | Sequence[str], key: str | None = None, *, budget: Budget | None = None
    ) -> None:
        self._wire = AsyncWire(url, key, budget=budget or Budget())

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._wire.close()

    @property
    def url(self) -> str:
        """The address that is asked first: of the member that answered last."""
        return self._wire.members.current

    async def put(self, question: Question[T]) -> T:
        return await self._wire.put(question)
