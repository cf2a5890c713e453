"""What one member tells of a log, all can read; the newest stands."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kaipiao.ledger.notes import Notes
from kaipiao.ledger.pool import Pool
from kaipiao.ports import SharedNotes
from tests.conftest import Database
from tests.unit.evidence.fakes import MemoryNotes

LOG, OTHER = "kaipiao.example/31-1", "kaipiao.example/31-1/audit"


@pytest_asyncio.fixture(params=["postgres", "memory"])
async def notes(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[SharedNotes]:
    if request.param == "memory":
        yield MemoryNotes()
        return
    pool = await Pool.open(database.app)  # with the rights that servers have
    yield Notes(pool)
    await pool.close()


async def test_what_was_told_is_read_by_its_name_and_of_its_log(notes: SharedNotes) -> None:
    assert await notes.read(LOG) == {}
    await notes.put(LOG, "checkpoint.witnessed", 7, "seven")
    await notes.put(LOG, "checkpoint.timestamped", 5, "five, stamped")
    await notes.put(OTHER, "checkpoint.witnessed", 1, "one")

    told = {"checkpoint.witnessed": "seven", "checkpoint.timestamped": "five, stamped"}
    assert await notes.read(LOG) == told
    assert await notes.read(OTHER) == {"checkpoint.witnessed": "one"}


async def test_it_never_goes_back_and_at_one_size_the_last_word_stands(
    notes: SharedNotes,
) -> None:
    await notes.put(LOG, "checkpoint.witnessed", 7, "seven")
    await notes.put(LOG, "checkpoint.witnessed", 6, "six, by a member that led before")
    assert await notes.read(LOG) == {"checkpoint.witnessed": "seven"}
    await notes.put(LOG, "checkpoint.witnessed", 7, "seven, with one more cosignature")
    assert await notes.read(LOG) == {"checkpoint.witnessed": "seven, with one more cosignature"}
