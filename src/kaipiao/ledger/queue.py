"""Who waits for what: entries on their way, and the callers who want to hear of them.

Everything here runs between two awaits, so nothing can happen halfway.  A second request for
a key that is on its way joins the first; it never makes a second entry.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

from kaipiao.errors import Outage
from kaipiao.fiscal.invoice import Receipt
from kaipiao.ledger.batch import KeyId, key_id
from kaipiao.ledger.recent import Given, Recent, answer_again
from kaipiao.ports import Entry, Outcome, Tell

_log = logging.getLogger("kaipiao.ledger")

MAX_BATCH = 1_000
"""Invoices in one commit."""

MAX_BATCH_BYTES = 8 << 20
"""Drafts in one commit; one invoice alone may be larger."""


class Waiter:
    """One caller and the outcomes it still misses."""

    __slots__ = ("future", "missing", "outcomes")

    def __init__(self, count: int) -> None:
        self.outcomes: list[Outcome | None] = [None] * count
        self.missing = count
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def put(self, place: int, outcome: Outcome) -> None:
        self.outcomes[place] = outcome
        self.missing -= 1
        if self.missing == 0 and not self.future.done():  # done: the caller went away
            self.future.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class SoleWaiter:
    """A caller with one entry: told directly, and there is nothing to count."""

    __slots__ = ("tell",)

    def __init__(self, tell: Tell) -> None:
        self.tell = tell

    def put(self, place: int, outcome: Receipt | Exception) -> None:
        try:
            self.tell(outcome)
        except Exception:  # the caller's defect; those behind it in the batch wait to be told
            _log.error("an outcome could not be told", exc_info=True)

    def fail(self, error: Exception) -> None:
        self.put(0, error)


AnyWaiter = Waiter | SoleWaiter


class Item:
    """One entry on its way, and everyone who waits for it."""

    __slots__ = ("entry", "followers", "key", "place", "waiter")

    def __init__(self, entry: Entry, key: KeyId, waiter: AnyWaiter, place: int) -> None:
        self.entry = entry
        self.key = key
        self.waiter = waiter
        self.place = place
        self.followers: list[tuple[Entry, AnyWaiter, int]] = []


class Queue:
    """Entries that wait for the next commit, and those in it."""

    def __init__(self) -> None:
        self.recent = Recent()
        self.arrived = asyncio.Event()
        self._waiting: deque[Item] = deque()
        self._running: dict[KeyId, Item] = {}

    def __len__(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many are not in a commit yet."""
        return len(self._waiting)

    def offer(self, entries: Sequence[Entry]) -> Waiter:
        """Queue a crowd.  The waiter's future is done when every outcome is there."""
        waiter = Waiter(len(entries))
        for place, entry in enumerate(entries):
            self._offer(entry, waiter, place)
        return waiter

    def offer_one(self, entry: Entry, tell: Tell) -> None:
        """Queue one entry, and tell its outcome."""
        self._offer(entry, SoleWaiter(tell), 0)

    def take(self) -> list[Item]:
        """The next batch.  An original has at most one red letter in it: the statement could
        not count two against one line."""
        batch: list[Item] = []
        later: list[Item] = []
        room, originals = MAX_BATCH_BYTES, set[str]()
        while self._waiting and len(batch) < MAX_BATCH and room > 0:
            item = self._waiting.popleft()
            taken = item.entry.taken_back
            if taken is not None and taken.original in originals:
                later.append(item)
                continue
            if taken is not None:
                originals.add(taken.original)
            batch.append(item)
            room -= len(item.entry.payload)
        self._waiting.extendleft(reversed(later))
        if not self._waiting:
            self.arrived.clear()
        return batch

    def shed(self) -> int:
        """Tell everyone who is in no commit yet, or joined one that is, that we do not know; how
        many entries that was.  Nothing of theirs was sent."""
        waiting, self._waiting = self._waiting, deque()
        self.arrived.clear()
        for item in waiting:
            self.resolve(item, Outage("ledger"))
        count = len(waiting)
        for item in self._running.values():
            followers, item.followers = item.followers, []
            count += len(followers)
            for _, waiter, place in followers:
                waiter.put(place, Outage("ledger"))
        return count

    def resolve(self, item: Item, outcome: Outcome) -> None:
        """Tell everyone who waits for ``item``."""
        del self._running[item.key]
        if isinstance(outcome, Receipt):
            self.recent.put(item.key, (item.entry.asked, outcome))
        item.waiter.put(item.place, outcome)
        for follower in item.followers:
            self._follow(item, outcome, *follower)

    def resolve_known(self, item: Item, given: Given, again: Outcome) -> None:
        """As ``resolve``, where the key turned out to name an invoice of before."""
        del self._running[item.key]
        self.recent.put(item.key, given)
        item.waiter.put(item.place, again)
        for entry, waiter, place in item.followers:
            self._offer(entry, waiter, place)

    def fail(self, item: Item, error: Exception) -> None:
        """A defect: everyone who waits gets the exception itself."""
        del self._running[item.key]
        for waiter in (item.waiter, *(follower[1] for follower in item.followers)):
            waiter.fail(error)

    def _offer(self, entry: Entry, waiter: AnyWaiter, place: int) -> None:
        key = key_id(entry.seller, entry.key)
        if given := self.recent.get(key):
            waiter.put(place, answer_again(given, entry.asked))
        elif running := self._running.get(key):
            running.followers.append((entry, waiter, place))
        else:
            item = Item(entry, key, waiter, place)
            self._running[key] = item
            self._waiting.append(item)
            self.arrived.set()

    def _follow(
        self, first: Item, outcome: Outcome, entry: Entry, waiter: AnyWaiter, place: int
    ) -> None:
        """A follower hears what the first heard, unless it asked for something else."""
        if isinstance(outcome, Receipt):
            waiter.put(place, answer_again((first.entry.asked, outcome), entry.asked))
        elif entry.asked == first.entry.asked or isinstance(outcome, Outage):
            waiter.put(place, outcome)
        else:  # the first was refused, so the key is still free
            self._offer(entry, waiter, place)
