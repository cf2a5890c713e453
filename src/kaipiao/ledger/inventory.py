"""Everything that a ledger holds, read by one transaction: for whoever checks the ledger itself.

It reads the tables and not through our own readers, which are part of what is checked.
"""

from typing import Any

import asyncpg
import msgspec

from kaipiao.base.canonical import digest
from kaipiao.fiscal.invoice import Amounts
from kaipiao.fiscal.leaf import LEAF_BYTES, leaf_of, microseconds, salt_of
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.month import TaxMonth, tax_month
from kaipiao.fiscal.number import Series, compose_number
from kaipiao.ledger.batch import Blob, key_id

CHUNK = 500


class Held(msgspec.Struct, frozen=True, gc=False):
    """One invoice as it is stored.  ``leaf`` is the one stored with it."""

    number: str
    seller: str
    key: str
    digest: str
    net_fen: int
    tax_fen: int
    month: TaxMonth
    leaf: bytes
    leaf_is_right: bool  # it is the digest of these very fields


class Batch(msgspec.Struct, frozen=True, gc=False):
    series: int
    first_serial: int
    count: int


class Block(msgspec.Struct, frozen=True, gc=False):
    series: int
    first_serial: int
    last_serial: int
    next_serial: int


class CreditHeld(msgspec.Struct, frozen=True, gc=False):
    limit_fen: int
    drawn_fen: int


class Inventory(msgspec.Struct, kw_only=True):
    """What the tables say."""

    invoices: list[Held] = []
    batches: list[Batch] = []
    blocks: list[Block] = []
    keys: dict[bytes, str] = {}  # sixteen bytes for (seller, key) → number
    credit: dict[tuple[str, int], CreditHeld] = {}
    taken_fen: dict[str, int] = {}  # original → net that red letters took back
    log_size: int = 0
    log_batches: list[tuple[int, Batch]] = []  # by first index
    indexed: list[tuple[int, int, int]] = []  # (log index, marks of seller and of content)
    waiting: int = 0  # batches without a place in the log


async def take_inventory(dsn: str) -> Inventory:
    """All of it, in memory; the cell should be quiet, and not large."""
    connection = await asyncpg.connect(dsn)
    try:
        return await _read(connection)
    finally:
        await connection.close()


async def _read(connection: "asyncpg.Connection[Any]") -> Inventory:
    fetch = connection.fetch
    found = Inventory()
    async with connection.transaction():
        rows = connection.cursor(
            "SELECT * FROM batch ORDER BY series, first_serial", prefetch=CHUNK
        )
        async for row in rows:
            found.batches.append(Batch(row["series"], row["first_serial"], row["count"]))
            found.invoices += _invoices(row)
    found.blocks = [
        Block(row["series"], row["first_serial"], row["last_serial"], row["next_serial"])
        for row in await fetch("SELECT * FROM number_block")
    ]
    found.keys = {
        row["key"].bytes: _number(row["series"], row["serial"])
        for row in await fetch("SELECT * FROM invoice_key")
    }
    found.credit = {
        (row["seller"], row["month"]): CreditHeld(row["limit_fen"], row["drawn_fen"])
        for row in await fetch("SELECT * FROM credit_line")
    }
    taken = await fetch(
        "SELECT series, serial, sum(net_fen)::bigint AS fen FROM taken_line GROUP BY 1, 2"
    )
    found.taken_fen = {_number(row["series"], row["serial"]): row["fen"] for row in taken}
    await _read_order(connection, found)
    return found


async def _read_order(connection: "asyncpg.Connection[Any]", found: Inventory) -> None:
    found.log_size = await connection.fetchval("SELECT size FROM log_state")
    found.waiting = await connection.fetchval(
        "SELECT count(*) FROM outbox WHERE topic = 'evidence'"
    )
    found.log_batches = [
        (row["first_index"], Batch(row["series"], row["first_serial"], row["count"]))
        for row in await connection.fetch("SELECT * FROM log_batch ORDER BY first_index")
    ]
    found.indexed = [
        (row["log_index"], row["seller8"], row["digest8"])
        for row in await connection.fetch("SELECT * FROM invoice_index ORDER BY log_index")
    ]


def _invoices(row: Any) -> list[Held]:
    """The invoices of one row of ``batch``, with their leaves made again."""
    month, issued_us = tax_month(row["issued_at"]), microseconds(row["issued_at"])
    found: list[Held] = []
    leaves = row["leaves"]
    for place, stored in enumerate(Blob(row["payload"])):
        serial = row["first_serial"] + place
        number, content = compose_number(Series(row["series"]), serial), digest(stored.draft)
        net_fen, tax_fen = sum(stored.amounts[::2]), sum(stored.amounts[1::2])
        totals = Amounts(Fen(net_fen), Fen(tax_fen))
        leaf = leaves[place * LEAF_BYTES : (place + 1) * LEAF_BYTES]
        made = leaf_of(number, issued_us, totals, content, salt_of(row["secret"], serial))
        fields = (number, stored.seller, stored.key, content.hex(), net_fen, tax_fen, month)
        found.append(Held(*fields, leaf, leaf == made))
    return found


def _number(series: int, serial: int) -> str:
    return compose_number(Series(series), serial)


def mark(content: bytes) -> int:
    """The first eight bytes of a SHA-256, as ``invoice_index`` has them."""
    return int.from_bytes(content[:8], "big", signed=True)


def key_mark(seller: str, key: str) -> bytes:
    """The sixteen bytes under which ``invoice_key`` has this."""
    return key_id(seller, key)


async def count_issued(dsn: str) -> int:
    """How many invoices the tables hold: so many leaves the log will have."""
    connection = await asyncpg.connect(dsn)
    try:
        issued: int = await connection.fetchval("SELECT coalesce(sum(count), 0)::bigint FROM batch")
    finally:
        await connection.close()
    return issued


COPIED = (
    "batch",
    "number_block",
    "invoice_key",
    "credit_line",
    "taken_line",
    "log_state",
    "log_batch",
    "invoice_index",
)
"""The tables that an inventory is read from."""


async def hash_tables(dsn: str) -> dict[str, bytes]:
    """SHA-256 of each table's rows, made by the server: alike on a standby that has it all.

    Raises OSError: nobody answers there, or not now.
    """
    try:
        connection = await asyncpg.connect(dsn)
        try:
            return {name: await connection.fetchval(_HASH.format(name)) for name in COPIED}
        finally:
            await connection.close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise OSError(str(error)) from error


_HASH = (
    "SELECT sha256(coalesce(string_agg(one, ''::bytea ORDER BY one), ''::bytea)) "
    "FROM (SELECT sha256(convert_to(t::text, 'UTF8')) AS one FROM {} AS t) AS rows"
)
