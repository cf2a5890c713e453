"""API keys: looked up by their hash, believed for a moment, dead when revoked."""

import asyncio
import hashlib
import time
from datetime import UTC, datetime, timedelta

import pytest

from kaipiao.errors import NotAllowed, NotAuthenticated, Outage
from kaipiao.gateway import identity
from kaipiao.gateway.identity import Identity, authorize, compose_token, hash_token
from kaipiao.gateway.limits import Limits
from kaipiao.ports import ApiKey
from tests.clocks import NOON, StoppedClock


def make_key(**changes: object) -> ApiKey:
    whole: dict[str, object] = {
        "key_id": "abc",
        "tenant": "t",
        "name": "n",
        "may": frozenset({"issue"}),
        "taxpayers": frozenset({"A"}),
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return ApiKey(**(whole | changes))  # type: ignore[arg-type]


class Keys:
    """A directory in memory that counts how often it is asked."""

    def __init__(self) -> None:
        self.by_hash: dict[bytes, ApiKey] = {}
        self.asked = 0
        self.gate: asyncio.Event | None = None
        self.away = False

    async def find_by_secret(self, secret_hash: bytes) -> ApiKey | None:
        self.asked += 1
        if self.gate:
            await self.gate.wait()
        if self.away:
            raise Outage("directory")
        return self.by_hash.get(secret_hash)

    async def add_key(self, key: ApiKey, secret_hash: bytes) -> None:
        self.by_hash[secret_hash] = key

    async def keys(self) -> list[ApiKey]:
        return list(self.by_hash.values())

    async def revoke(self, key_id: str, *, at: datetime) -> bool:
        raise NotImplementedError


def identity_of(keys: Keys, clock: StoppedClock | None = None, **limits: float) -> Identity:
    return Identity(
        directory=keys,
        clock=clock or StoppedClock(),
        limits=Limits(**limits),  # type: ignore[arg-type]
    )


def header(token: str) -> bytes:
    return b"Bearer " + token.encode()


async def test_a_key_is_known_by_its_hash_alone() -> None:
    keys, token = Keys(), compose_token("abc")
    await keys.add_key(make_key(), hash_token(token))

    assert token.startswith("kp_abc_")
    assert hash_token(token) == hashlib.sha256(token.encode()).digest()
    assert (await identity_of(keys).find(header(token))).key_id == "abc"


@pytest.mark.parametrize(
    "authorization",
    [b"Bearer ", b"Bearer kp_abc_", b"Basic abc", b"bearer", b"Bearer " + b"x" * 10_000],
)
async def test_nothing_else_is_a_key(authorization: bytes) -> None:
    with pytest.raises(NotAuthenticated):
        await identity_of(Keys()).find(authorization)


async def test_a_secret_is_only_good_under_its_own_id() -> None:
    keys, token = Keys(), compose_token("other")
    await keys.add_key(make_key(), hash_token(token))

    with pytest.raises(NotAuthenticated):
        await identity_of(keys).find(header(token))


async def test_a_flood_is_one_query_whether_the_key_is_known_or_not() -> None:
    keys, token = Keys(), compose_token("abc")
    await keys.add_key(make_key(), hash_token(token))
    found = identity_of(keys)
    for _ in range(100):
        await found.find(header(token))
        with pytest.raises(NotAuthenticated):
            await found.find(header("kp_abc_wrong"))

    assert keys.asked == 2


async def test_a_crowd_that_waits_is_one_query() -> None:
    keys, token = Keys(), compose_token("abc")
    await keys.add_key(make_key(), hash_token(token))
    found, gate = identity_of(keys), asyncio.Event()
    keys.gate = gate
    crowd = [asyncio.create_task(found.find(header(token))) for _ in range(50)]
    await asyncio.sleep(0)
    crowd[0].cancel()  # one who goes away takes nobody along
    gate.set()

    answers = await asyncio.gather(*crowd, return_exceptions=True)

    assert isinstance(answers[0], asyncio.CancelledError)
    assert all(isinstance(answer, ApiKey) for answer in answers[1:])
    assert keys.asked == 1


async def test_a_key_in_use_is_renewed_before_its_time_is_over() -> None:
    keys, token = Keys(), compose_token("abc")
    await keys.add_key(make_key(), hash_token(token))
    found = identity_of(keys, identity_ttl_s=0.2)
    await found.find(header(token))

    for _ in range(30):  # three times as long as it is believed
        assert found.remembered(header(token), time.monotonic()) is not None
        await asyncio.sleep(0.02)

    assert 3 <= keys.asked <= 10


@pytest.mark.parametrize("gone", [None, make_key(revoked_at=NOON), make_key(expires_at=NOON)])
async def test_a_renewed_key_that_is_gone_dies_at_once(gone: ApiKey | None) -> None:
    keys, token = Keys(), compose_token("abc")
    await keys.add_key(make_key(), hash_token(token))
    found = identity_of(keys, identity_ttl_s=1000)
    await found.find(header(token))
    keys.by_hash[hash_token(token)] = gone  # type: ignore[assignment]

    found.remembered(header(token), soon := time.monotonic() + 700)
    await asyncio.sleep(0.01)

    assert found.remembered(header(token), soon) is None
    with pytest.raises(NotAuthenticated):
        await found.find(header(token))


async def test_a_directory_that_is_away_is_asked_now_and_then() -> None:
    keys, token = Keys(), compose_token("abc")
    await keys.add_key(make_key(), hash_token(token))
    found = identity_of(keys, identity_ttl_s=1000)
    await found.find(header(token))
    keys.away = True

    soon = time.monotonic() + 700
    for n in range(100):
        assert found.remembered(header(token), soon + n / 100) is not None
        await asyncio.sleep(0)
    assert keys.asked <= 1 + 3
    assert found.remembered(header(token), soon + 400) is None, "believed beyond its time"


async def test_a_revoked_key_dies_when_its_moment_is_over() -> None:
    keys, token = Keys(), compose_token("abc")
    await keys.add_key(make_key(), hash_token(token))
    found = identity_of(keys, identity_ttl_s=0.0)
    await found.find(header(token))
    await keys.add_key(make_key(revoked_at=NOON), hash_token(token))

    with pytest.raises(NotAuthenticated):
        await found.find(header(token))
    assert Limits().identity_ttl_s <= 10


async def test_a_key_dies_at_its_expiry_even_while_it_is_remembered() -> None:
    keys, token, clock = Keys(), compose_token("abc"), StoppedClock()
    await keys.add_key(make_key(expires_at=NOON + timedelta(hours=1)), hash_token(token))
    found = identity_of(keys, clock)
    await found.find(header(token))
    clock.advance(timedelta(hours=1))

    with pytest.raises(NotAuthenticated):
        await found.find(header(token))


async def test_the_memory_does_not_grow() -> None:
    keys = Keys()
    found = identity_of(keys, identity_cache_keys=10)
    for n in range(1_000):
        with pytest.raises(NotAuthenticated):
            await found.find(header(f"kp_{n}_x"))

    assert len(found._unknown) <= 10


def test_who_may_what_for_whom() -> None:
    key = make_key()

    assert authorize(key, "issue", "A") is key
    for permission, taxpayer in (("read", "A"), ("issue", "B")):
        with pytest.raises(NotAllowed):
            authorize(key, permission, taxpayer)
    with pytest.raises(NotAuthenticated):
        authorize(None, "issue")
    assert authorize(make_key(taxpayers=frozenset({"*"})), "issue", "B")


def test_secrets_are_long_and_never_the_same() -> None:
    assert len({compose_token("a") for _ in range(100)}) == 100
    assert identity.SECRET_BYTES >= 32
