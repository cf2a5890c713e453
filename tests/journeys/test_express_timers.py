"""On the express way nobody waits for ever, no line is closed early, no answer comes twice."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest_asyncio
import uvicorn
from uvicorn.server import ServerState

from kaipiao.base.canonical import canonical
from kaipiao.gateway.asgi import build_protocol
from kaipiao.gateway.express import SWEEP_EVERY_S
from kaipiao.gateway.express_protocol import HOLD_S, ExpressProtocol
from kaipiao.gateway.limits import Limits
from kaipiao.issuing.issue import Issuing
from kaipiao.ports import Entry, Tell
from kaipiao.regimes.cn.rules import check
from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, open_bench
from tests.stores import NOVEMBER, Store
from tests.strategies import SELLER, lawful_draft
from tests.wires import Wire, compose_request, connected, served

KEEP_ALIVE_S = 1
PATIENCE_S = 1.0
HASTY = Limits(answer_timeout_s=PATIENCE_S, max_issuing_in_flight=2)


class SlowLedger:
    """Takes what enters, and records it only when it is let go on."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.held: list[tuple[Entry, Tell]] = []
        self.holds = False

    def enter(self, entry: Entry, tell: Tell) -> None:
        if self.holds:
            self.held.append((entry, tell))
        else:
            self._inner.enter(entry, tell)

    def go_on(self) -> None:
        self.holds = False
        for entry, tell in self.held:
            self._inner.enter(entry, tell)
        self.held.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Scene(NamedTuple):
    bench: Bench
    ledger: SlowLedger
    token: str
    port: int
    lines: set[ExpressProtocol]  # those that are open

    async def ask(self, wire: Wire, key: str) -> None:
        body = canonical(lawful_draft())
        await wire.send(compose_request(body, token=self.token, key=key))


@asynccontextmanager
async def open_scene(store: Store, clock: StoppedClock, limits: Limits) -> AsyncIterator[Scene]:
    ledger = SlowLedger(store.ledger)
    issuing = Issuing(ledger=ledger, clock=clock, law=check)
    bench = await open_bench(store, clock, issuing=issuing, limits=limits)
    await store.credit.grant(SELLER.taxpayer_id, 10**12, month=NOVEMBER)
    lines: set[ExpressProtocol] = set()

    class Noted(build_protocol(bench.app)):  # type: ignore[misc]
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            lines.add(self)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lines.discard(self)

    async with served(bench.app, Noted, keep_alive_s=KEEP_ALIVE_S) as port:
        scene = Scene(bench, ledger, await bench.key(), port, lines)
        async with connected(port) as wire:  # the first of a caller goes the long way
            await scene.ask(wire, "warm-up")
            assert (await wire.answer())[0] == 201
        yield scene


@pytest_asyncio.fixture
async def scene(store: Store, clock: StoppedClock) -> AsyncIterator[Scene]:
    async with open_scene(store, clock, Limits()) as scene:
        yield scene


@pytest_asyncio.fixture
async def hasty(store: Store, clock: StoppedClock) -> AsyncIterator[Scene]:
    async with open_scene(store, clock, HASTY) as scene:
        yield scene


async def test_a_line_is_kept_from_its_last_answer_on(scene: Scene) -> None:
    async with connected(scene.port) as wire:
        for n in range(4):  # in all, longer than one timer lasts
            await scene.ask(wire, f"kept-{n}")
            assert (await wire.answer())[0] == 201
            await asyncio.sleep(KEEP_ALIVE_S * 0.6)
        began = time.monotonic()
        assert await wire.is_closed()
    assert KEEP_ALIVE_S * 0.2 < time.monotonic() - began < KEEP_ALIVE_S * 1.5
    assert scene.bench.app.express.entered == 4


async def test_both_ways_in_turn_keep_a_line(scene: Scene) -> None:
    status = compose_request(b"", token=scene.token, method="GET", path="/v1/status")
    async with connected(scene.port) as wire:
        for n in range(5):
            if n % 2:
                await wire.send(status)
            else:
                await scene.ask(wire, f"turn-{n}")
            assert (await wire.answer())[0] in (200, 201)
            await asyncio.sleep(KEEP_ALIVE_S * 0.6)
        assert await wire.is_closed()


async def test_who_is_told_farewell_has_one_more_answer_and_it_says_so(scene: Scene) -> None:
    """One rests, one is being answered, one has sent half of what it asks."""
    async with (
        connected(scene.port) as rests,
        connected(scene.port) as waits,
        connected(scene.port) as half,
    ):
        for n, wire in enumerate((rests, waits, half)):
            await scene.ask(wire, f"before-{n}")
            assert "connection" not in (await wire.answer())[1]
        scene.ledger.holds = True
        await scene.ask(waits, "slow")
        head, _, body = compose_request(
            canonical(lawful_draft()), token=scene.token, key="half"
        ).partition(b"\r\n\r\n")
        await half.send(head + b"\r\n\r\n")

        for line in list(scene.lines):
            line.farewell()
            line.farewell()
        scene.ledger.go_on()
        await half.send(body)
        await scene.ask(rests, "last")
        assert (await waits.answer())[0] == 201
        await scene.ask(waits, "last-of-all")
        for wire in (rests, waits, half):
            status, headers, told = await wire.answer()
            assert (status, headers["connection"]) == (201, "close"), told
            assert await wire.is_closed()


async def test_no_line_is_closed_while_its_request_is_under_way(scene: Scene) -> None:
    async with connected(scene.port) as wire:
        await scene.ask(wire, "before")
        assert (await wire.answer())[0] == 201
        scene.ledger.holds = True
        await scene.ask(wire, "slow")
        await asyncio.sleep(KEEP_ALIVE_S * 1.4)  # the timer of the answer before goes off
        scene.ledger.go_on()
        status, _, body = await wire.answer()
        assert (status, json.loads(body)["key"]) == (201, "slow")
        assert await wire.is_closed()  # and is set again


async def test_who_waits_too_long_is_told_so_once(hasty: Scene) -> None:
    """And what the ledger says later is nobody's answer."""
    async with connected(hasty.port) as wire:
        hasty.ledger.holds = True
        began = time.monotonic()
        await hasty.ask(wire, "late")
        status, headers, body = await wire.answer()
        assert PATIENCE_S < time.monotonic() - began < PATIENCE_S + 2 * SWEEP_EVERY_S
        assert (status, json.loads(body)["code"]) == (503, "unavailable")
        assert "retry-after" in headers
        assert "ratelimit" in headers

        hasty.ledger.go_on()
        await asyncio.sleep(0.05)
        await hasty.ask(wire, "next")
        status, _, body = await wire.answer()
        assert (status, json.loads(body)["key"]) == (201, "next")
        await hasty.ask(wire, "late")
        status, headers, body = await wire.answer()
    assert (status, json.loads(body)["key"]) == (200, "late")
    assert headers["idempotency-replayed"] == "true"


async def test_a_full_room_has_room_again(hasty: Scene) -> None:
    """Who was told that nothing is known leaves the room; it is never left twice."""
    for _ in range(2):
        hasty.ledger.holds = True
        async with connected(hasty.port) as one, connected(hasty.port) as two:
            for wire, key in ((one, "one"), (two, "two")):
                await hasty.ask(wire, key)
            await asyncio.sleep(0.02)
            async with connected(hasty.port) as three:
                await hasty.ask(three, "three")
                assert (await three.answer())[0] == 503
            for wire in (one, two):
                assert (await wire.answer())[0] == 503
        hasty.ledger.go_on()
        await asyncio.sleep(0.05)


def in_two(scene: Scene, key: str, **headers: str) -> tuple[bytes, bytes]:
    """A request as many clients write it: its headers, then its body."""
    body = canonical(lawful_draft())
    request = compose_request(body, token=scene.token, key=key, **headers)
    return request[: -len(body)], body


async def test_headers_and_body_in_two_pieces_take_the_express_way(scene: Scene) -> None:
    async with connected(scene.port) as wire:
        for n in range(5):
            await wire.send(*in_two(scene, f"two-{n}"))
            status, _, body = await wire.answer()
            assert (status, json.loads(body)["key"]) == (201, f"two-{n}")
    assert scene.bench.app.express.entered == 5


async def test_a_body_that_comes_late_goes_the_long_way(scene: Scene) -> None:
    head, body = in_two(scene, "late-body")
    for pieces in ((body,), (body[:100], body[100:])):
        async with connected(scene.port) as wire:
            await wire.send(head)
            await asyncio.sleep(2 * HOLD_S)
            await wire.send(*pieces)
            status, _, answer = await wire.answer()
        assert (status, json.loads(answer)["key"]) in ((201, "late-body"), (200, "late-body"))
    assert scene.bench.app.express.entered == 0


async def test_who_waits_for_a_word_before_the_body_gets_it_at_once(scene: Scene) -> None:
    head, body = in_two(scene, "expects", expect="100-continue")
    async with connected(scene.port) as wire:
        began = time.monotonic()
        await wire.send(head)
        assert (await wire.answer())[0] == 100
        assert time.monotonic() - began < HOLD_S
        await wire.send(body)
        assert (await wire.answer())[0] == 201


async def test_who_hangs_up_behind_the_headers_asked_nothing(scene: Scene) -> None:
    head, _ = in_two(scene, "gone")
    async with connected(scene.port) as wire:
        await wire.send(head)
    await asyncio.sleep(2 * HOLD_S)
    async with connected(scene.port) as wire:
        await wire.send(*in_two(scene, "gone"))
        assert (await wire.answer())[0] == 201


async def test_a_stop_waits_for_the_body_of_headers_that_are_held(scene: Scene) -> None:
    said, ends = bytearray(), asyncio.get_running_loop().create_future()

    class Line(asyncio.Transport):
        write = said.extend

        def is_closing(self) -> bool:
            return ends.done()

        def close(self) -> None:
            ends.done() or ends.set_result(None)

    front = scene.bench.app
    config = uvicorn.Config(front, lifespan="off", log_config=None)
    config.load()
    protocol = build_protocol(front)(config=config, server_state=ServerState(), app_state={})
    protocol.connection_made(Line())
    head, body = in_two(scene, "stopped")
    protocol.data_received(head)
    protocol.shutdown()
    assert not ends.done()
    protocol.data_received(body)
    await asyncio.wait_for(ends, 10)

    assert said.startswith(b"HTTP/1.1 201")
