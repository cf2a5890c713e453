"""Two copies that hold the same hash alike; one invoice more or less does not."""

from kaipiao.continuity.drill.survey import compare_copy
from kaipiao.ledger.inventory import COPIED, hash_tables
from tests.conftest import Database
from tests.stores import NOVEMBER, PLENTY_FEN, OpenStore, entry
from tests.strategies import SELLER


async def test_a_table_s_hash_changes_with_its_rows_and_with_nothing_else(
    open_store: OpenStore, database: Database
) -> None:
    store = await open_store()
    await store.credit.grant(SELLER.taxpayer_id, PLENTY_FEN, month=NOVEMBER)
    before = await hash_tables(database.owner)
    assert await hash_tables(database.owner) == before
    assert set(before) == set(COPIED)

    await store.ledger.record(entry("sale-1"))
    after = await hash_tables(database.owner)

    changed = {name for name in COPIED if after[name] != before[name]}
    assert {"batch", "invoice_key", "credit_line", "number_block"} <= changed
    assert "taken_line" not in changed
    assert await compare_copy("n2", database.owner, after) == []
    assert "n2: its batch is not the primary's" in await compare_copy("n2", database.owner, before)


async def test_a_copy_that_does_not_answer_is_told_and_no_defect(database: Database) -> None:
    nobody = database.owner.replace(f"/{database.name}", "/nobody")
    assert nobody != database.owner

    (told,) = await compare_copy("n2", nobody, {})
    assert told.startswith("n2: its database does not answer")
    (told,) = await compare_copy("n2", "postgresql://x@/x?host=/nowhere", {})
    assert told.startswith("n2: its database does not answer")
