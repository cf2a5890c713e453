"""The epoch of a block of numbers guards it, against PostgreSQL itself and by its own SQL."""

import asyncpg

from tests.conftest import Database
from tests.stores import Store, entry, grant


async def test_a_block_that_changed_hands_fences_its_old_holder(
    store: Store, database: Database
) -> None:
    """Someone took our block over and used five numbers of it while we did not look."""
    await grant(store)
    await store.ledger.record(entry("sale-1"))
    someone = await asyncpg.connect(database.owner)
    await someone.execute(
        "UPDATE number_block SET epoch = epoch + 1, next_serial = next_serial + 5"
    )
    await someone.close()

    receipt = await store.ledger.record(entry("sale-2"))

    assert receipt.number.endswith("000007")
