"""The express way says exactly what the long way says, whatever arrives and in what pieces."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random
from typing import NamedTuple

import msgspec
import pytest
import pytest_asyncio

from kaipiao.base.canonical import canonical
from kaipiao.gateway.asgi import build_protocol
from kaipiao.gateway.limits import Limits
from kaipiao.gateway.plain_request import MAX_BODY_BYTES
from kaipiao.gateway.protocol import PatientProtocol
from tests.clocks import StoppedClock
from tests.gateway_bench import ALL, Bench, open_bench
from tests.stores import NOVEMBER, Store
from tests.strategies import SELLER, lawful_draft, make_draft
from tests.wires import Wire, compose_request, connected, served

OTHER = "91310000000000000X"
CHANGES = ("number", "issued_at", "key", "instance", "request_id")
CREDIT_FEN = 10**12


class Ways(NamedTuple):
    """The same gateway, with and without its express way."""

    bench: Bench
    token: str
    express: int  # port
    long: int


@pytest_asyncio.fixture
async def ways(store: Store, clock: StoppedClock) -> AsyncIterator[Ways]:
    async with open_ways(store, clock) as both:
        yield both


@asynccontextmanager
async def open_ways(
    store: Store, clock: StoppedClock, *, limits: Limits | None = None
) -> AsyncIterator[Ways]:
    bench = await open_bench(store, clock, limits=limits)
    await store.credit.grant(SELLER.taxpayer_id, CREDIT_FEN, month=NOVEMBER)
    token = await bench.key()
    given = {"limits": bench.services.limits, "unread": bench.app.unread}
    long_way = type("Long", (PatientProtocol,), given)
    async with (
        served(bench.app, build_protocol(bench.app)) as express,
        served(bench.app, long_way) as long,
    ):
        yield Ways(bench, token, express, long)


def comparable(status: int, headers: dict[str, str], body: bytes) -> object:
    """An answer without what differs from call to call."""
    told = json.loads(body)
    for name in CHANGES:
        told.pop(name, None)
    kept = {n: v for n, v in headers.items() if n not in ("x-request-id", "date", "content-length")}
    kept.pop("location", None)
    kept.pop("ratelimit", None)
    return status, kept, told


def draft_bytes(**changes: object) -> bytes:
    return canonical(lawful_draft(**changes))


def line_changed(**changes: object) -> bytes:
    lines = lawful_draft().lines
    return draft_bytes(lines=(msgspec.structs.replace(lines[0], **changes), *lines[1:]))


REQUESTS: dict[str, tuple[bytes, dict[str, str]]] = {
    "plain": (draft_bytes(), {}),
    "spelt out": (json.dumps(json.loads(draft_bytes()), indent=2).encode(), {}),
    "with charset": (draft_bytes(), {"content_type": "application/json; charset=utf-8"}),
    "named": (draft_bytes(), {"x_request_id": "mine-1"}),
    "in chinese": (line_changed(rate_bp=1700), {"accept_language": "zh"}),
    "rate not in force": (line_changed(rate_bp=1700), {}),
    "a warning only": (draft_bytes(remark="长" * 210), {}),
    "not json": (b"{", {}),
    "empty": (b"", {}),
    "wrong type": (draft_bytes().replace(b"10000", b'"10000"'), {}),
    "unknown member": (draft_bytes()[:-1] + b',"x":1}', {}),
    "repeated member": (draft_bytes()[:-1] + b',"remark":"twice"}', {}),
    "surrogate": (draft_bytes()[:-1] + b',"payee":"\\ud800"}', {}),
    "not utf-8": (draft_bytes()[:-1] + b',"payee":"\xff"}', {}),
    "no key": (draft_bytes(), {"idempotency_key": ""}),
    "key with a space": (draft_bytes(), {"idempotency_key": "a b"}),
    "no credit line": (
        draft_bytes(seller=msgspec.structs.replace(lawful_draft().buyer)),
        {},
    ),
    "wrong media type": (draft_bytes(), {"content_type": "text/xml"}),
    "encoded": (draft_bytes(), {"content_encoding": "gzip"}),
    "nobody": (draft_bytes(), {"authorization": ""}),
    "unknown key": (draft_bytes(), {"authorization": "Bearer kp_x_y"}),
    "no such scheme": (draft_bytes(), {"authorization": "Basic abc"}),
}


async def left_after(ways: Ways, port: int, name: str, key: str) -> int:
    """What the caller's bucket holds after asking for this."""
    _, headers, _ = await ask(ways, port, name, key)
    return int(headers["ratelimit"].split(";r=")[1].split(";")[0])


async def ask(ways: Ways, port: int, name: str, key: str) -> tuple[int, dict[str, str], bytes]:
    body, headers = REQUESTS[name]
    given = {"key": key} | headers
    if "idempotency_key" in headers:
        given.pop("key")
    async with connected(port) as wire:
        await wire.send(compose_request(body, token=ways.token, **given))
        return await wire.answer()


@pytest.mark.parametrize("name", REQUESTS)
async def test_both_ways_say_the_same(ways: Ways, name: str) -> None:
    await ask(ways, ways.long, "plain", "warm-up")  # so that the key is known
    express = await ask(ways, ways.express, name, f"e-{name}".replace(" ", "-"))
    long = await ask(ways, ways.long, name, f"l-{name}".replace(" ", "-"))

    assert comparable(*express) == comparable(*long)


async def test_plain_requests_do_take_the_express_way(ways: Ways) -> None:
    await ask(ways, ways.long, "plain", "warm-up")
    express = ways.bench.app.express
    for n, name in enumerate(("plain", "spelt out", "with charset", "named", "a warning only")):
        await ask(ways, ways.express, name, f"plain-{n}")
        assert express.entered == n + 1
    await ask(ways, ways.express, "rate not in force", "broken")
    await ask(ways, ways.long, "plain", "long")
    assert express.entered == 5


async def test_what_the_law_refuses_is_charged_once_whichever_way_it_came(
    store: Store, clock: StoppedClock
) -> None:
    asked = ("plain", "rate not in force", "plain")
    async with open_ways(store, clock, limits=Limits(rate_per_s=0.001, rate_burst=20)) as ways:
        await ask(ways, ways.long, "plain", "warm-up")
        for port in (ways.long, ways.express):
            left = [
                await left_after(ways, port, name, f"{port}-{n}") for n, name in enumerate(asked)
            ]

            assert [before - after for before, after in pairwise(left)] == [1, 1]


async def test_a_repeat_is_answered_alike_whichever_way_it_comes(ways: Ways) -> None:
    answers = [
        await ask(ways, port, "plain", "sale-1")
        for port in (ways.long, ways.express, ways.express, ways.long)
    ]

    assert [status for status, _, _ in answers] == [201, 200, 200, 200]
    assert len({body for _, _, body in answers}) == 1
    assert [headers.get("idempotency-replayed") for _, headers, _ in answers[1:]] == ["true"] * 3


async def test_a_reused_key_is_refused_on_the_express_way(ways: Ways) -> None:
    await ask(ways, ways.express, "plain", "sale-1")
    await ask(ways, ways.express, "plain", "sale-1")

    status, _, body = await ask(ways, ways.express, "a warning only", "sale-1")

    assert (status, json.loads(body)["code"]) == (422, "key-reused")


async def test_in_any_pieces_it_is_the_same_invoice(ways: Ways) -> None:
    rng = Random(17)
    for n in range(40):
        request = compose_request(canonical(make_draft(n)), token=ways.token, key=f"piece-{n}")
        cuts = sorted(rng.sample(range(1, len(request)), rng.randint(0, 4)))
        edges = [0, *cuts, len(request)]
        pieces = [request[a:b] for a, b in pairwise(edges)]
        async with connected(ways.express) as wire:
            await wire.send(*pieces)
            status, _, _ = await wire.answer()
        assert status == 201


async def test_requests_in_a_pipeline_are_answered_in_order(ways: Ways) -> None:
    status_call = compose_request(b"", token=ways.token, method="GET", path="/v1/status")
    async with connected(ways.express) as wire:
        crowd = b"".join(
            compose_request(canonical(make_draft(n)), token=ways.token, key=f"pipe-{n}")
            + (status_call if n % 3 == 0 else b"")
            for n in range(9)
        )
        await wire.send(crowd)
        for n in range(9):
            status, _, body = await wire.answer()
            assert (status, json.loads(body)["key"]) == (201, f"pipe-{n}")
            if n % 3 == 0:
                assert (await wire.answer())[0] == 200


async def test_one_connection_serves_both_ways_in_turn(ways: Ways) -> None:
    large = draft_bytes(remark="", lines=tuple(lawful_draft().lines * 200))
    assert len(large) > MAX_BODY_BYTES
    async with connected(ways.express) as wire:
        for n in range(6):
            body = large if n % 2 else draft_bytes()
            await wire.send(compose_request(body, token=ways.token, key=f"turn-{n}"))
            assert (await wire.answer())[0] == 201


async def test_a_caller_who_hangs_up_has_still_issued(ways: Ways) -> None:
    await ask(ways, ways.express, "plain", "warm-up")
    async with connected(ways.express) as wire:
        await wire.send(compose_request(draft_bytes(), token=ways.token, key="gone"))

    for _ in range(100):
        found = await ways.bench.store.ledger.find_key(SELLER.taxpayer_id, "gone")  # type: ignore[arg-type]
        if found is not None:
            break
        await asyncio.sleep(0.02)
    assert found is not None


async def test_connection_close_is_honoured(ways: Ways) -> None:
    async with connected(ways.express) as wire:
        request = compose_request(draft_bytes(), token=ways.token, key="last", connection="close")
        await wire.send(request)
        assert (await wire.answer())[0] == 201
        assert await wire.is_closed()


@pytest.mark.parametrize("seed", range(12))
async def test_rubbish_never_breaks_it(ways: Ways, seed: int) -> None:
    """Bytes flipped, dropped and doubled: every answer is a whole one, or the line is cut."""
    rng = Random(seed)
    await ask(ways, ways.express, "plain", "warm-up")
    for n in range(30):
        request = bytearray(
            compose_request(draft_bytes(), token=ways.token, key=f"rubbish-{seed}-{n}")
        )
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(request))
            match rng.randrange(3):
                case 0:
                    request[place] = rng.randrange(256)
                case 1:
                    del request[place]
                case _:
                    request[place:place] = request[place : place + 3]
        async with connected(ways.express) as wire:
            await wire.send(bytes(request))
            await _read_or_cut(wire)
    assert (await ask(ways, ways.express, "plain", f"after-{seed}"))[0] == 201


async def _read_or_cut(wire: Wire) -> None:
    try:
        async with asyncio.timeout(0.3):
            status, headers, body = await wire.answer()
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
        return  # it waits for more of a body, or has hung up
    assert status in (200, 201) or headers["content-type"] == "application/problem+json", body


async def test_a_full_room_and_an_empty_bucket_are_told_by_the_long_way(
    store: Store, clock: StoppedClock
) -> None:
    bench = await open_bench(store, clock, limits=Limits(rate_per_s=0.01, rate_burst=2))
    await store.credit.grant(SELLER.taxpayer_id, CREDIT_FEN, month=NOVEMBER)
    token = await bench.key(may=ALL)
    async with served(bench.app, build_protocol(bench.app)) as port, connected(port) as wire:
        statuses = []
        for n in range(4):
            await wire.send(compose_request(draft_bytes(), token=token, key=f"fast-{n}"))
            status, headers, _ = await wire.answer()
            statuses.append((status, "retry-after" in headers))

    assert statuses == [(201, False), (201, False), (429, True), (429, True)]


async def test_another_sellers_invoice_is_refused(ways: Ways) -> None:
    token = await ways.bench.key(OTHER)
    for _ in range(2):
        async with connected(ways.express) as wire:
            await wire.send(compose_request(draft_bytes(), token=token, key="theirs"))
            status, _, body = await wire.answer()
        assert (status, json.loads(body)["code"]) == (403, "not-allowed")
