"""The first key survives crashes between its file and the ledger, and older backups; three members
that make it at one moment make one.
"""

import asyncio
from pathlib import Path

import pytest

from kaipiao.app.first_key import ensure_first_key
from kaipiao.app.folder import CellFolder
from kaipiao.gateway.identity import PERMISSIONS, Identity
from kaipiao.gateway.limits import Limits
from kaipiao.ledger.store import Store
from kaipiao.ports import ApiKey, Directory
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


class Together:
    """A member's directory: nobody goes on before all members have looked."""

    def __init__(self, inner: Directory, all_looked: asyncio.Barrier) -> None:
        self._inner = inner
        self._all_looked = all_looked
        self.add_key = inner.add_key
        self.keys = inner.keys
        self.revoke = inner.revoke

    async def find_by_secret(self, secret_hash: bytes) -> ApiKey | None:
        found = await self._inner.find_by_secret(secret_hash)
        await self._all_looked.wait()
        return found


async def test_three_members_that_all_find_no_key_make_one_and_none_of_them_fails(
    folder: CellFolder, database: Database
) -> None:
    clock = StoppedClock()
    folder.first_key.write_text("kp_abc123_" + "0" * 64 + "\n")
    stores = [await Store.open(database.app, clock=clock, area=31, channel=1) for _ in range(3)]
    all_looked = asyncio.Barrier(3)
    try:
        members = [(Together(store.directory, all_looked), store.audit) for store in stores]
        async with asyncio.timeout(20):
            await asyncio.gather(*(ensure_first_key(folder, *one, clock) for one in members))
        assert [key.key_id for key in await stores[0].directory.keys()] == ["abc123"]
    finally:
        for store in stores:
            await store.close()
