"""The one connection on which a process commits, and the block of numbers that it holds.

Three traps are closed here, all of them measured:

- A commit is never cancelled.  The driver's own time-out would send a cancel request, and a
  commit cancelled while it waits for a standby reports success without being replicated.  We
  drop the connection instead, and are in doubt.
- That same false success arrives as a warning when someone else cancels.  We listen for it.
- After a doubt the block's epoch is raised.  That waits for the lost transaction's row lock,
  and being a commit itself it waits for replication, so what we then read is decided and safe.
"""

import asyncio
import contextlib
import time
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from kaipiao.fiscal.month import tax_month
from kaipiao.fiscal.number import Series
from kaipiao.ledger.batch import Place, Rows
from kaipiao.ledger.pool import AWAY
from kaipiao.ledger.statements import COMMIT_ORIGINALS, COMMIT_WITH_RED_LETTERS
from kaipiao.ledger.troubles import Doubt, Unavailable, trouble_of

COMMIT_WITHIN_S = 10.0
"""A commit that takes longer is in doubt."""

CONNECT_WITHIN_S = 2.0
BLOCK_SIZE = 10_000
"""Serials a process takes at once; divides the 2,000,000 of a partition."""


SESSION = {
    "application_name": "kaipiao writer",
    "synchronous_commit": "on",
    "plan_cache_mode": "force_generic_plan",  # planning costs more than a small batch
}

REPLAN_EVERY_S = 60.0
"""A plan made when a cell was new reads every credit line to find one; as lines are granted by
the thousand, PostgreSQL itself notices after minutes."""


class Block(msgspec.Struct):
    """A run of serials that is ours in this epoch."""

    block: int
    epoch: int
    series: Series
    next_serial: int
    last_serial: int

    @property
    def room(self) -> int:
        return self.last_serial + 1 - self.next_serial


class Writer:
    """Commits one batch at a time."""

    def __init__(
        self,
        dsn: str,
        *,
        holder: str,
        block_size: int = BLOCK_SIZE,
        commit_within_s: float = COMMIT_WITHIN_S,
    ) -> None:
        self._dsn = dsn
        self._holder = holder
        self._block_size = block_size
        self._commit_within_s = commit_within_s
        self._connection: asyncpg.Connection[Any] | None = None
        self._statements: dict[str, Any] = {}
        self._replan_at = 0.0
        self._unreplicated = False
        self.block: Block | None = None

    async def connection(self) -> "asyncpg.Connection[Any]":
        """The connection, opened if need be.

        Raises:
            Unavailable: there is no server that takes writes.
        """
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        self.block = None  # the old session's lock on it is gone: take it, or another, again
        try:
            connection = await asyncpg.connect(
                self._dsn,
                timeout=CONNECT_WITHIN_S,
                server_settings=SESSION,
            )
            connection.add_log_listener(self._hear)
            await self._plan(connection)
        except (*AWAY, asyncpg.PostgresError) as error:
            raise Unavailable(repr(error)) from error
        self._connection = connection
        return connection

    async def _plan(self, connection: "asyncpg.Connection[Any]") -> None:
        self._statements = {
            sql: await connection.prepare(sql)
            for sql in (COMMIT_ORIGINALS, COMMIT_WITH_RED_LETTERS)
        }
        self._replan_at = time.monotonic() + REPLAN_EVERY_S

    async def block_of(self, series: Series) -> Block:
        """A block of that series with room in it."""
        connection = await self.connection()
        held = self.block
        if held is not None and held.series == series and held.room > 0:
            return held
        if held is not None:
            await self._ask(connection.execute("SELECT release_block($1)", held.block))
            self.block = None
        row = await self._ask(
            connection.fetchrow(
                "SELECT * FROM take_block($1, $2, $3)", series, self._block_size, self._holder
            )
        )
        self.block = Block(
            row["block"], row["epoch"], series, row["next_serial"], row["last_serial"]
        )
        return self.block

    async def commit(self, rows: Rows, place: Place) -> None:
        """Commit a batch; when this returns it is durable.

        Raises:
            Trouble: nothing of it exists.
            Doubt: unknown; ``settle`` before anything else is committed.
        """
        connection, block = await self.connection(), self.block
        assert block is not None
        if time.monotonic() > self._replan_at:
            await self._ask(self._plan(connection))
        count = len(rows.receipts)
        sql = COMMIT_WITH_RED_LETTERS if rows.red_letters else COMMIT_ORIGINALS
        parameters = (
            block.block,
            block.epoch,
            place.first_serial,
            count,
            place.series,
            place.issued_at,
            tax_month(place.issued_at),
            place.secret,
            rows.payload,
            rows.leaves,
            rows.marks,
            rows.keys,
            *rows.draw_columns(),
            *(rows.red_columns() if rows.red_letters else ()),
        )
        self._unreplicated = False
        await self._send(connection, self._statements[sql].fetchrow(*parameters))
        block.next_serial += count

    async def settle(self, place: Place, block: Block) -> bool:
        """Whether the batch whose answer was lost exists.

        Raises:
            Unavailable, Doubt: still unknown; ask again.
        """
        connection = await self.connection()
        self.block = None
        self._unreplicated = False
        await self._send(
            connection,
            connection.execute(
                "UPDATE number_block SET epoch = epoch + 1 WHERE block = $1 AND epoch = $2",
                block.block,
                block.epoch,
            ),
        )
        found = await self._ask(
            connection.fetchval(
                "SELECT count(*) FROM batch"
                " WHERE series = $1 AND first_serial = $2 AND secret = $3",
                place.series,
                place.first_serial,
                place.secret,
            )
        )
        return bool(found)

    async def close(self) -> None:
        """Let go of the connection; with its session goes the lock on the block."""
        connection, self._connection, self.block = self._connection, None, None
        if connection is not None and not connection.is_closed():
            with contextlib.suppress(Exception):
                await connection.close(timeout=1)

    def drop(self) -> None:
        """Cut the connection without a word; in particular without a cancel request."""
        if self._connection is not None:
            self._connection.terminate()
        self._connection = None

    async def _send(self, connection: "asyncpg.Connection[Any]", statement: Any) -> None:
        """Run a statement that writes, bounded in time, never cancelling it."""
        task = await self._in_time(statement)
        if error := task.exception():
            trouble = trouble_of(error)
            if isinstance(trouble, Doubt):
                self.drop()
            raise trouble from error
        if self._unreplicated:
            self.drop()
            raise Doubt("a standby did not confirm")

    async def _in_time(self, statement: Any) -> "asyncio.Future[Any]":
        """The statement, done.  Raises Doubt: it was not in time, and its connection is dropped."""
        task: asyncio.Future[Any] = asyncio.ensure_future(statement)
        is_done = False
        try:
            is_done = bool((await asyncio.wait({task}, timeout=self._commit_within_s))[0])
        finally:
            if not is_done:
                self.drop()
                task.add_done_callback(lambda late: late.cancelled() or late.exception())
        if not is_done:
            raise Doubt(f"no answer within {self._commit_within_s} s")
        return task

    async def _ask(self, question: Any) -> Any:
        """Run a statement whose loss costs nothing; bounded too, for it may write and so wait for a
        standby, and never cancelled.
        """
        try:
            return (await self._in_time(question)).result()
        except (Doubt, *AWAY) as error:
            self.drop()
            raise Unavailable(repr(error)) from error
        except asyncpg.PostgresError as error:
            trouble = trouble_of(error)
            if isinstance(trouble, Doubt):
                self.drop()
                raise Unavailable(repr(error)) from error
            raise trouble from error

    def _hear(self, _connection: object, message: Any) -> None:
        if "synchronous replication" in str(message):
            self._unreplicated = True


def new_place(block: Block, issued_at: datetime, secret: bytes) -> Place:
    return Place(block.series, block.next_serial, issued_at, secret)
