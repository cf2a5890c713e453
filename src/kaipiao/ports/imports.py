"""Files that are uploaded to be issued."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.fiscal.imports import Import, Sale, SaleResult
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.fiscal.violation import Violation


class ImportRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What one tenant's imports may take up."""

    open_imports: int
    stored_bytes: int


class Imports(Protocol):
    """Files of sales, how far each is, and who is at work on it.

    Time is the database's own.  A worker that is silent for longer than its lease has lost the
    import, and whatever it says afterwards changes nothing.
    """

    async def add(
        self, new: Import, content: bytes, *, asked: Digest, key: IdempotencyKey, room: ImportRoom
    ) -> tuple[Import, bool]:
        """Keep a new one, or return what its id names already; whether it was there.

        Raises:
            KeyReused: the key names another upload.
            TooManyImports: the tenant's room is taken up.
        """
        ...

    async def read(self, import_id: str) -> Import | None: ...

    async def of_tenant(self, tenant: str, *, limit: int) -> Sequence[Import]:
        """Newest first; of every tenant for ``*``."""
        ...

    async def cancel(self, import_id: str) -> Import | None:
        """Stop it as soon as the rows in hand are done; one that has ended stays as it is."""
        ...

    async def content(self, import_id: str, part: str) -> bytes | None:
        """The ``upload`` or the ``result``."""
        ...

    async def take(self, worker: str) -> Import | None:
        """Lease one that waits or whose worker died; fairly among tenants.  None: nothing to do."""
        ...

    async def note(
        self, worker: str, import_id: str, results: Sequence[SaleResult], *, total: int
    ) -> Import | None:
        """Keep these outcomes and the lease; how it stands now, None if it is no longer ours."""
        ...

    async def renew(self, worker: str, import_id: str) -> bool:
        """Make the lease last; False if it is no longer ours."""
        ...

    async def results(self, import_id: str) -> list[SaleResult]:
        """All outcomes so far, in the order of their places."""
        ...

    async def end(self, worker: str, ended: Import, result: bytes | None) -> bool:
        """Write down its last state and, if there is one, the file given back."""
        ...

    async def let_go(self, worker: str) -> None:
        """Give back whatever this worker holds, for others to take at once."""
        ...

    async def forget(self, *, older_than_days: int) -> int:
        """Drop those that ended so long ago; how many."""
        ...


class SaleFile(Protocol):
    """A file of sales, read."""

    total: int

    def sales(self) -> Iterator[Sale]:
        """Every invoice, in order; once."""
        ...

    def locate(self, sale: Sale, violations: Sequence[Violation]) -> list[Violation]:
        """The same objections, where the user can find them."""
        ...

    def render(self, results: Sequence[SaleResult]) -> bytes:
        """The same file with what became of each."""
        ...
