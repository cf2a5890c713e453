"""Invoices that left the database before anybody sealed them are sealed like all others."""

from kaipiao.fiscal.seal import SealKey, SealLot
from kaipiao.ledger.store import Store
from tests.unit.ledger.archives import OldCell
from tests.unit.ledger.test_archive import cell, store

__all__ = ["cell", "store"]
ACME = SealKey(vendor="acme", key_id="a" * 64, algorithm="1.3.101.112", certificate=b"A")


async def test_what_is_sealed_of_an_archived_invoice_is_what_the_log_holds(
    cell: OldCell, store: Store
) -> None:
    await store.seals.meet([ACME], kinds={"acme": "http"})
    leaves = await store.order.leaves(0, 1_000)
    before = await store.seals.sealables(SealLot(first_index=0, count=len(leaves)))
    await cell.run()
    server = await cell.open()

    assert await server.seals.cut(with_tail=True) == 1
    lot = await server.seals.take("w", ACME, hold_s=5, oldest=True)
    assert lot is not None
    found = await server.seals.sealables(lot)

    assert [one.leaf for one in found] == leaves
    assert found == before
    assert await server.seals.sealables(SealLot(first_index=20, count=9)) == before[20:29]
    assert await server.seals.seal("w", lot, ACME, [b"x"] * lot.count)
    assert (await server.seals.backlog()).waiting == 0
