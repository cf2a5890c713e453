"""Everything the ledger offers, on one database, opened and closed together."""

import os
import socket
from pathlib import Path

import msgspec

from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.number import compose_series
from kaipiao.ledger.announcements import AnnouncementBoard
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.audit import AuditOrder, AuditRows
from kaipiao.ledger.credit import Credit
from kaipiao.ledger.deliveries import DeliveryBook
from kaipiao.ledger.directory import ApiKeys, VerifyCounts
from kaipiao.ledger.erasing import Eraser
from kaipiao.ledger.forms import Forms, InvoiceUses
from kaipiao.ledger.group import GroupCommit
from kaipiao.ledger.heads import Heads
from kaipiao.ledger.hold_up import HELD_UP_S
from kaipiao.ledger.imports import ImportFiles
from kaipiao.ledger.notes import Notes
from kaipiao.ledger.order import Order
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.postgres import PostgresLedger
from kaipiao.ledger.reads import Reads
from kaipiao.ledger.scan import Scan
from kaipiao.ledger.seals import SealBook
from kaipiao.ledger.sorting import Sorter
from kaipiao.ledger.standing import Links, Orders
from kaipiao.ledger.writer import BLOCK_SIZE, COMMIT_WITHIN_S, Writer
from kaipiao.ports import Clock


class Store(msgspec.Struct, frozen=True):
    """One process's view of a cell's database.

    The database must be migrated.  ``ledger`` takes a block of numbers only when it first
    issues, so a process that only reads holds none.
    """

    ledger: PostgresLedger
    credit: Credit
    uses: InvoiceUses
    confirmations: Forms
    order: Order
    heads: Heads
    notes: Notes
    announcements: AnnouncementBoard
    directory: ApiKeys
    audit: AuditRows
    audit_order: AuditOrder
    verify_counter: VerifyCounts
    deliveries: DeliveryBook
    orders: Orders
    links: Links
    imports: ImportFiles
    scan: Scan
    seals: SealBook
    erasures: Eraser
    group: GroupCommit
    pool: Pool

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        clock: Clock,
        area: int,
        channel: int,
        block_size: int = BLOCK_SIZE,
        commit_within_s: float = COMMIT_WITHIN_S,
        held_up_s: float = HELD_UP_S,
        archive: Path | None = None,
    ) -> "Store":
        """Connect; ``archive`` is the folder of old batches.  Raises Outage: no server answers."""
        pool = await Pool.open(dsn)
        shelf = Shelf(pool, archive)
        reads, credit = Reads(pool, shelf), Credit(pool)
        holder = f"{socket.gethostname()}:{os.getpid()}"
        group = GroupCommit(
            writer=Writer(
                dsn, holder=holder, block_size=block_size, commit_within_s=commit_within_s
            ),
            sorter=Sorter(reads, credit),
            clock=clock,
            series_at=lambda now: compose_series(beijing_day(now).year, area, channel),
            held_up_s=held_up_s,
        )
        return cls(
            ledger=PostgresLedger(group, reads),
            credit=credit,
            uses=InvoiceUses(pool),
            confirmations=Forms(pool),
            order=Order(pool, shelf),
            heads=Heads(pool),
            notes=Notes(pool),
            announcements=AnnouncementBoard(pool),
            directory=ApiKeys(pool),
            audit=AuditRows(pool),
            audit_order=AuditOrder(pool),
            verify_counter=VerifyCounts(pool),
            deliveries=DeliveryBook(pool),
            orders=Orders(pool),
            links=Links(pool),
            imports=ImportFiles(pool),
            scan=Scan(pool, shelf),
            seals=SealBook(pool, shelf),
            erasures=Eraser(pool, reads, archive),
            group=group,
            pool=pool,
        )

    async def close(self) -> None:
        """Finish what was accepted, then let go of the numbers and the connections."""
        await self.group.close()
        await self.pool.close()
