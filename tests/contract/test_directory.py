"""What every directory of API keys, and every counter of verifications, promises."""

from datetime import date, timedelta

import msgspec

from kaipiao.base.canonical import digest
from kaipiao.ports import ApiKey
from tests.clocks import NOON
from tests.stores import OpenStore, Store

SECRET, OTHER = digest(b"secret"), digest(b"another")


def make_key(n: int = 1, **changes: object) -> ApiKey:
    key = ApiKey(
        key_id=f"k{n}",
        tenant="t",
        name="till",
        may=frozenset({"issue", "read"}),
        taxpayers=frozenset({"91310000A", "91310000B"}),
        created_at=NOON + timedelta(seconds=n),
    )
    return msgspec.structs.replace(key, **changes)


async def test_a_key_is_found_by_its_secret_alone(open_store: OpenStore) -> None:
    here, there = await open_store(), await open_store()
    expiring = make_key(expires_at=NOON)

    await here.directory.add_key(expiring, SECRET)

    assert await there.directory.find_by_secret(SECRET) == expiring
    assert await there.directory.find_by_secret(OTHER) is None


async def test_keys_are_listed_in_the_order_in_which_they_were_made(store: Store) -> None:
    await store.directory.add_key(make_key(2), OTHER)
    await store.directory.add_key(make_key(1), SECRET)

    assert list(await store.directory.keys()) == [make_key(1), make_key(2)]


async def test_a_revoked_key_is_still_known_and_was_revoked_when_it_was_first(
    store: Store,
) -> None:
    await store.directory.add_key(make_key(), SECRET)

    assert await store.directory.revoke("k1", at=NOON)
    assert await store.directory.revoke("k1", at=NOON + timedelta(hours=1))
    assert not await store.directory.revoke("k9", at=NOON)

    assert await store.directory.find_by_secret(SECRET) == make_key(revoked_at=NOON)


async def test_checks_are_counted_by_number_and_day(open_store: OpenStore) -> None:
    here, there = await open_store(), await open_store()
    today = date(2026, 11, 24)

    assert await here.verify_counter.count_check("1", day=today) == 1
    assert await there.verify_counter.count_check("1", day=today) == 2

    assert await here.verify_counter.count_check("2", day=today) == 1
    assert await here.verify_counter.count_check("1", day=today + timedelta(days=1)) == 1
