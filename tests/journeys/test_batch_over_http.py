"""Many invoices in one call: in order, streamed, each line on its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from kaipiao.gateway.limits import Limits
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, as_json, open_bench
from tests.strategies import BUYER, SELLER, lawful_draft, make_draft

BATCH = "/v1/invoices:batch"
NDJSON = {"content-type": "application/x-ndjson"}


def line(key: str, n: int = 1, **changes: Any) -> bytes:
    return json.dumps({"key": key, "draft": as_json(make_draft(n)) | changes}).encode() + b"\n"


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(one) for one in answer.content.splitlines()]


async def send(client: httpx.AsyncClient, content: bytes) -> list[dict[str, Any]]:
    return results(await client.post(BATCH, content=content, headers=NDJSON))


async def test_every_line_has_its_result_in_order(client: httpx.AsyncClient) -> None:
    content = b"".join(line(f"sale-{n}", n) for n in range(700))
    first = await send(client, content)
    again = await send(client, content)

    assert [one["line"] for one in first] == list(range(1, 701))
    assert [one["key"] for one in first] == [f"sale-{n}" for n in range(700)]
    assert {one["status"] for one in first} == {201}
    assert {one["status"] for one in again} == {200}
    assert [one["receipt"] for one in again] == [one["receipt"] for one in first]
    assert len({one["receipt"]["number"] for one in first}) == 700


async def test_a_bad_line_does_not_fail_its_neighbours(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    left_fen = await bench.left_fen()
    content = b"".join(
        [
            line("good-1"),
            b"{not json\n",
            line("bad-rate", lines=[{**as_json(lawful_draft())["lines"][0], "rate_bp": 1}]),
            b"\n",
            line("wrong type", remark=5),
            line("two words"),
            line("no-line", seller=as_json(BUYER)),  # type: ignore[arg-type]
            b'{"key": "twice", "key": "twice", "draft": ' + line("x")[21:-2] + b"}\n",
            line("good-1"),
            line("good-1", n=2),
            line("good-2", n=3).rstrip(),
        ]
    )
    found = await send(client, content)

    told = [(one["line"], one["status"], one.get("problem", {}).get("code")) for one in found]
    assert told == [
        (1, 201, None),
        (2, 400, "malformed"),
        (3, 422, "rules-broken"),
        (5, 400, "malformed"),
        (6, 400, "key-missing"),
        (7, 409, "credit-line-missing"),
        (8, 400, "malformed"),
        (9, 200, None),
        (10, 422, "key-reused"),
        (11, 201, None),
    ]
    assert found[3]["key"] == "wrong type"
    assert found[3]["problem"]["violations"][0]["path"] == "/remark"
    assert found[6]["problem"]["violations"][0]["path"] == "/key"
    assert found[7]["receipt"] == found[0]["receipt"]
    drawn_fen = sum(one["receipt"]["totals"]["net_fen"] for one in (found[0], found[9]))
    assert await bench.left_fen() == left_fen - drawn_fen


async def test_a_seller_of_someone_else_is_refused_line_by_line(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    own = bench.client(await bench.key(BUYER.taxpayer_id))
    found = await send(own, line("mine") + line("yours"))

    assert [one["problem"]["code"] for one in found] == ["not-allowed"] * 2


async def test_results_come_while_the_file_is_still_being_sent(bench: Bench) -> None:
    """Each chunk is answered as soon as it is durable: a caller need not wait for the end."""
    await bench.store.credit.grant(SELLER.taxpayer_id, 10**9, month=202611)
    pipe = Pipe(await bench.key())
    task = asyncio.create_task(bench.app(pipe.scope(BATCH, NDJSON), pipe.receive, pipe.send))
    pipe.give(line("sale-1"))
    async with asyncio.timeout(5):
        while not pipe.body():
            await asyncio.sleep(0.01)
    assert json.loads(pipe.body())["status"] == 201
    pipe.give(line("sale-2"), more=False)
    await asyncio.wait_for(task, 5)

    assert len(pipe.body().splitlines()) == 2
    assert pipe.sent[-1].get("more_body", False) is False


async def test_who_hangs_up_keeps_what_was_issued(bench: Bench) -> None:
    await bench.store.credit.grant(SELLER.taxpayer_id, 10**9, month=202611)
    pipe = Pipe(await bench.key())
    pipe.give(line("sale-1") + line("sale-2")[:50])
    pipe.messages.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(bench.app(pipe.scope(BATCH, NDJSON), pipe.receive, pipe.send), timeout=5)

    async with bench.client(await bench.key()) as client:
        found = await send(client, line("sale-1") + line("sale-2"))
    assert [one["status"] for one in found] == [200, 201]
    assert pipe.sent == [] or pipe.sent[-1].get("more_body") is True


@pytest.mark.parametrize("path", [BATCH, "/v1/invoices"])
async def test_who_is_cut_off_by_a_stop_is_told_to_ask_again(bench: Bench, path: str) -> None:
    """A server that must stop cancels what it cannot wait for; that is no defect of ours."""
    pipe = Pipe(await bench.key())
    media_type = NDJSON if path == BATCH else {"content-type": "application/json"}
    scope = pipe.scope(path, {**media_type, "idempotency-key": "sale-1"})
    task = asyncio.create_task(bench.app(scope, pipe.receive, pipe.send))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait_for(task, 5)

    problem = json.loads(pipe.body())
    assert (pipe.sent[0]["status"], problem["code"]) == (503, "unavailable")
    assert problem["retryable"]


async def test_an_answer_that_has_begun_is_cut_off_by_a_stop(bench: Bench) -> None:
    await bench.store.credit.grant(SELLER.taxpayer_id, 10**9, month=202611)
    pipe = Pipe(await bench.key())
    task = asyncio.create_task(bench.app(pipe.scope(BATCH, NDJSON), pipe.receive, pipe.send))
    pipe.give(line("sale-1"))
    async with asyncio.timeout(5):
        while not pipe.body():
            await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(pipe.body().splitlines()) == 1, "no second answer was put behind the first"


Limited = Callable[..., Any]


async def limited(store: Store, clock: StoppedClock, **limits: Any) -> Bench:
    await store.credit.grant(SELLER.taxpayer_id, 10**9, month=202611)
    return await open_bench(store, clock, limits=Limits(**limits))


async def test_too_many_lines_end_the_batch_and_say_where(
    store: Store, clock: StoppedClock
) -> None:
    bench = await limited(store, clock, max_batch_lines=3, batch_chunk_lines=2)
    async with bench.client(await bench.key()) as client:
        found = await send(client, b"".join(line(f"s-{n}", n) for n in range(6)))
        rest = await client.get("/v1/invoices", params={"seller": SELLER.taxpayer_id, "key": "s-3"})

    assert [one["status"] for one in found] == [201, 201, 201, 413]
    assert (found[3]["line"], found[3]["problem"]["code"]) == (4, "batch-too-large")
    assert rest.json()["invoices"] == []


async def test_too_many_bytes(store: Store, clock: StoppedClock) -> None:
    bench = await limited(store, clock, max_batch_bytes=2_000)

    async def pieces() -> AsyncIterator[bytes]:
        for n in range(9):
            yield line(f"s-{n}", n)

    async with bench.client(await bench.key()) as client:
        whole = b"".join(line(f"s-{n}", n) for n in range(9))
        told = await client.post(BATCH, content=whole, headers=NDJSON)
        found = results(await client.post(BATCH, content=pieces(), headers=NDJSON))

    assert (told.status_code, told.json()["code"]) == (413, "body-too-large")
    assert found[-1]["problem"]["code"] == "batch-too-large"
    assert {one["status"] for one in found[:-1]} == {201}


async def test_one_line_that_is_too_long_is_skipped(store: Store, clock: StoppedClock) -> None:
    bench = await limited(store, clock, max_body_bytes=3_000)
    async with bench.client(await bench.key()) as client:
        found = await send(client, line("a") + line("b", remark="x" * 5_000) + line("c", 3))

    assert [one["status"] for one in found] == [201, 413, 201]
    assert found[1]["problem"]["code"] == "body-too-large"


@pytest.mark.parametrize("begun", [False, True])
async def test_a_sender_who_stops_is_not_waited_for(
    store: Store, clock: StoppedClock, begun: bool
) -> None:
    bench = await limited(store, clock, body_timeout_s=0.2)
    pipe = Pipe(await bench.key())
    pipe.give(line("sale-1") if begun else b'{"key"')
    await asyncio.wait_for(bench.app(pipe.scope(BATCH, NDJSON), pipe.receive, pipe.send), timeout=5)

    last = json.loads(pipe.body().splitlines()[-1])
    problem = last["problem"] if begun else last
    assert (problem["code"], problem["retryable"]) == ("body-too-slow", True)
    assert pipe.sent[0]["status"] == (200 if begun else 408)
    assert not begun or last["line"] == 2


async def test_a_reader_who_is_far_behind_is_waited_for(store: Store, clock: StoppedClock) -> None:
    """A caller who reads slowly gets everything; at most so much is kept for them meanwhile."""
    bench = await limited(store, clock, max_unsent_bytes=1_000, batch_chunk_lines=2)
    pipe = Pipe(await bench.key(), slow_s=0.01)
    pipe.give(b"".join(line(f"s-{n}", n) for n in range(40)), more=False)
    await asyncio.wait_for(
        bench.app(pipe.scope(BATCH, NDJSON), pipe.receive, pipe.send), timeout=20
    )

    assert len(pipe.body().splitlines()) == 40


async def test_a_reader_who_stands_still_is_left(store: Store, clock: StoppedClock) -> None:
    bench = await limited(
        store, clock, max_unsent_bytes=1_000, batch_chunk_lines=2, batch_timeout_s=0.3
    )
    pipe = Pipe(await bench.key(), slow_s=60)
    pipe.give(b"".join(line(f"s-{n}", n) for n in range(40)), more=False)
    await asyncio.wait_for(bench.app(pipe.scope(BATCH, NDJSON), pipe.receive, pipe.send), timeout=3)

    params = {"seller": SELLER.taxpayer_id, "key": "s-39"}
    async with bench.client(await bench.key()) as client:
        unread = await client.get("/v1/invoices", params=params)
    assert unread.json()["invoices"] == [], "results without end would have been kept"
    assert not any(m["type"] == "http.response.body" and not m.get("more_body") for m in pipe.sent)


async def test_a_fast_batch_is_slowed_and_not_refused(store: Store, clock: StoppedClock) -> None:
    bench = await limited(store, clock, rate_per_s=100, rate_burst=20, batch_chunk_lines=10)
    async with bench.client(await bench.key()) as client:
        before = asyncio.get_running_loop().time()
        found = await send(client, b"".join(line(f"s-{n}", n) for n in range(50)))
        took_s = asyncio.get_running_loop().time() - before

    assert {one["status"] for one in found} == {201}
    assert took_s > 0.25


async def test_the_batch_call_takes_ndjson_and_nothing_else(client: httpx.AsyncClient) -> None:
    answer = await client.post(BATCH, content=line("a"), headers={"content-type": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong-media-type")
    answer = await client.get(BATCH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert results(await client.post(BATCH, content=b"", headers=NDJSON)) == []


class Pipe:
    """A caller by hand: sends pieces when told to, and keeps what it is sent."""

    def __init__(self, token: str, *, slow_s: float = 0.0) -> None:
        self.token = token
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[Any] = []
        self.slow_s = slow_s

    def scope(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        pairs = {"authorization": f"Bearer {self.token}", **headers}
        return {
            "type": "http",
            "method": "POST",
            "path": path,
            "client": ("127.0.0.1", 1),
            "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
        }

    def give(self, piece: bytes, *, more: bool = True) -> None:
        self.messages.put_nowait({"type": "http.request", "body": piece, "more_body": more})

    async def receive(self) -> Any:
        return await self.messages.get()

    async def send(self, message: Any) -> None:
        await asyncio.sleep(self.slow_s)
        self.sent.append(message)

    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)
