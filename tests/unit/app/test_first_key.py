"""The first key survives crashes between its file and the ledger, and older backups."""

from pathlib import Path

import pytest

from kaipiao.app.first_key import ensure_first_key
from kaipiao.app.folder import CellFolder
from kaipiao.gateway.identity import PERMISSIONS, Identity
from kaipiao.gateway.limits import Limits
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.conftest import Database


@pytest.fixture
def folder(tmp_path: Path) -> CellFolder:
    made = CellFolder(str(tmp_path))
    made.make()
    return made


async def test_it_is_made_once_and_may_do_everything(
    folder: CellFolder, database: Database
) -> None:
    clock = StoppedClock()
    store = await Store.open(database.app, clock=clock, area=31, channel=1)
    try:
        await ensure_first_key(folder, store.directory, store.audit, clock)
        first = folder.first_key.read_text()
        await ensure_first_key(folder, store.directory, store.audit, clock)
        identity = Identity(directory=store.directory, clock=clock, limits=Limits())
        key = await identity.find(f"Bearer {first.strip()}".encode())

        assert folder.first_key.read_text() == first
        assert key.may == PERMISSIONS
        assert key.acts_for("91310000MA1FL00000")
        assert len(await store.directory.keys()) == 1
    finally:
        await store.close()


async def test_a_ledger_that_does_not_know_it_learns_it_again(
    folder: CellFolder, database: Database
) -> None:
    """A crash after the file, or a ledger restored from before."""
    clock = StoppedClock()
    folder.first_key.write_text("kp_abc123_" + "0" * 64 + "\n")
    store = await Store.open(database.app, clock=clock, area=31, channel=1)
    try:
        await ensure_first_key(folder, store.directory, store.audit, clock)

        assert [key.key_id for key in await store.directory.keys()] == ["abc123"]
    finally:
        await store.close()
