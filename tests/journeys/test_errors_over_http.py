"""Every failure is one problem document: ours, the framework's, a dependency's, a defect."""

import asyncio
import json
import logging
import re
from typing import Any

import httpx
import pytest

from kaipiao.errors import Outage
from kaipiao.gateway.limits import Limits
from kaipiao.gateway.wiring import Health
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, as_json, named, open_bench
from tests.strategies import SELLER, lawful_draft

DRAFT = as_json(lawful_draft())


class Standing:
    """A ledger that stands in for ours and fails as it is told."""

    def __init__(self, failure: BaseException | None = None, delay_s: float = 0.0) -> None:
        self.failure = failure
        self.delay_s = delay_s
        self.recorded: list[str] = []

    async def issue(self, draft: Any, *, key: str) -> Any:
        await asyncio.sleep(self.delay_s)
        if self.failure:
            raise self.failure
        self.recorded.append(key)
        raise Outage("ledger")

    async def read(self, number: str) -> Any:
        assert self.failure
        raise self.failure


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    told = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and (answer.status_code, told["status"], told["code"]) == (status, status, code)
        and answer.headers["x-request-id"] == told["request_id"]
        and told["instance"] == f"urn:request:{told['request_id']}"
        and told["type"] == f"/problems/{code}"
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "no-such-path"),
        ("GET", "/v1", 404, "no-such-path"),
        ("GET", "/docs/x", 404, "no-such-path"),
        ("GET", "/problems/x", 404, "no-such-path"),
        ("GET", "/v1/invoices/1", 404, "no-such-invoice"),
        ("GET", "/v1/confirmations/1", 404, "no-such-confirmation"),
        ("PUT", "/v1/invoices", 405, "method-not-allowed"),
        ("DELETE", "/v1/confirmations", 405, "method-not-allowed"),
        ("OPTIONS", "/v1/confirmations", 405, "method-not-allowed"),
        ("TRACE", "/v1/status", 405, "method-not-allowed"),
        ("BREW", "/v1/status", 405, "method-not-allowed"),
    ],
)
async def test_what_is_not_there_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)

    assert is_problem(answer, status, code)
    if status == 405:
        allowed = answer.headers["allow"].split(", ")
        assert method not in allowed
        for one in allowed:
            assert (await client.request(one, path)).status_code != 405


async def test_problems_speak_the_callers_language(client: httpx.AsyncClient) -> None:
    zh = (await client.get("/nowhere", headers={"accept-language": "zh-CN,en;q=0.5"})).json()
    en = (await client.get("/nowhere", headers={"accept-language": "en,zh;q=0.5"})).json()

    assert (zh["detail"], en["detail"]) == (zh["zh"], zh["en"])
    assert (zh["zh"], zh["en"]) == (en["zh"], en["en"])


async def test_every_problem_leads_to_its_page(bench: Bench) -> None:
    client = bench.client()
    problem = (await client.get("/nowhere")).json()
    page = await client.get(problem["type"])
    listing = await client.get("/problems")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "no-such-path" in page.text
    assert "/problems/credit-line-exhausted" in listing.text
    assert (await client.get("/problems/internal-error")).status_code == 200


async def test_an_outage_is_unknown_and_says_to_ask_again(
    store: Store, clock: StoppedClock
) -> None:
    bench = await open_bench(store, clock, issuing=Standing(Outage("ledger")))
    client = bench.client(await bench.key())
    answer = await client.post("/v1/invoices", json=DRAFT, headers=named("sale-1"))

    assert is_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["retryable"] is True
    assert "ledger" not in answer.text


@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/invoices/26311000000000000001"])
async def test_a_defect_is_recorded_and_leaks_nothing(
    store: Store, clock: StoppedClock, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    broken = Standing(RuntimeError("hunter2"))
    bench = await open_bench(store, clock, issuing=broken, ledger=broken)
    client = bench.client(await bench.key())
    method = "POST" if path.endswith("invoices") else "GET"
    with caplog.at_level(logging.ERROR, "kaipiao.gateway"):
        answer = await client.request(
            method, path, json=DRAFT, headers=named("sale-1", **{"x-request-id": "mine-1"})
        )

    assert is_problem(answer, 500, "internal-error")
    assert answer.json()["request_id"] == "mine-1"
    assert "hunter2" not in answer.text
    assert "mine-1" in caplog.text
    assert "hunter2" in caplog.text
    assert DRAFT["issuer"] not in caplog.text


@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/invoices/26311000000000000001"])
@pytest.mark.parametrize("failure", [MemoryError(), RuntimeError("can't start new thread")])
async def test_a_want_of_memory_is_an_outage_and_another_process_is_asked_for(
    store: Store, clock: StoppedClock, path: str, failure: Exception
) -> None:
    short, asked = Standing(failure), list[str]()
    bench = await open_bench(store, clock, issuing=short, ledger=short, cannot_go_on=asked.append)
    client = bench.client(await bench.key())
    method = "POST" if path.endswith("invoices") else "GET"
    answer = await client.request(method, path, json=DRAFT, headers=named("sale-1"))

    assert is_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["retryable"]
    assert asked == ["short of memory"]


async def test_a_ledger_that_never_answers_is_not_waited_for(
    store: Store, clock: StoppedClock
) -> None:
    slow = Standing(delay_s=0.3)
    bench = await open_bench(store, clock, issuing=slow, limits=Limits(answer_timeout_s=0.1))
    client = bench.client(await bench.key())
    answer = await client.post("/v1/invoices", json=DRAFT, headers=named("sale-1"))

    assert is_problem(answer, 503, "unavailable")
    assert slow.recorded == []
    await asyncio.sleep(0.4)
    assert slow.recorded == ["sale-1"], "what was accepted goes on to its end"


async def test_a_caller_who_is_cut_off_does_not_stop_the_commit(
    store: Store, clock: StoppedClock
) -> None:
    slow = Standing(delay_s=0.2)
    bench = await open_bench(store, clock, issuing=slow)
    client = bench.client(await bench.key())
    task = asyncio.create_task(client.post("/v1/invoices", json=DRAFT, headers=named("sale-1")))
    await asyncio.sleep(0.1)
    task.cancel()
    assert is_problem(await task, 503, "unavailable")
    await asyncio.sleep(0.3)

    assert slow.recorded == ["sale-1"]


async def test_a_full_house_sheds_at_the_door_and_look_ups_have_their_own(
    store: Store, clock: StoppedClock
) -> None:
    slow = Standing(delay_s=0.3)
    bench = await open_bench(store, clock, issuing=slow, limits=Limits(max_issuing_in_flight=3))
    client = bench.client(await bench.key())
    calls = [client.post("/v1/invoices", json=DRAFT, headers=named(f"sale-{n}")) for n in range(10)]
    looked = client.get("/v1/invoices", params={"seller": SELLER.taxpayer_id})
    *answers, look_up = await asyncio.gather(*calls, looked)

    shed = [answer for answer in answers if answer.json()["code"] == "busy"]
    assert len(shed) == 7
    assert all(is_problem(answer, 503, "busy") for answer in shed)
    assert all(answer.headers["retry-after"] == "1" for answer in shed)
    assert look_up.status_code == 200


async def test_a_key_that_asks_too_fast_is_told_when_to_go_on(
    store: Store, clock: StoppedClock
) -> None:
    bench = await open_bench(store, clock, limits=Limits(rate_per_s=0.01, rate_burst=3))
    client, other = bench.client(await bench.key()), bench.client(await bench.key())
    answers = [await client.get("/v1/keys") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"default";q=3;w=300'
    left = [answer.headers["ratelimit"].split(";")[1] for answer in answers]
    assert left == ["r=2", "r=1", "r=0", "r=0"]
    assert is_problem(answers[3], 429, "too-many-requests")
    assert answers[3].headers["retry-after"] == "100"
    assert (await other.get("/v1/keys")).status_code == 200


async def test_strangers_and_guessers_share_a_small_bucket(
    store: Store, clock: StoppedClock
) -> None:
    bench = await open_bench(
        store, clock, limits=Limits(anonymous_rate_per_s=0.01, anonymous_burst=5)
    )
    guesser, anyone = bench.client("kp_a_b"), bench.client()
    guesses = [(await guesser.get("/v1/keys")).status_code for _ in range(7)]

    assert guesses == [401] * 5 + [429] * 2
    assert (await anyone.get("/v1/status")).status_code == 429
    assert (await anyone.get("/healthz")).status_code == 200


async def test_too_many_headers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/keys", headers={f"x-{n}": "1" for n in range(101)})

    assert is_problem(answer, 431, "headers-too-large")


@pytest.mark.parametrize("given", ["a b", "x" * 65, "é", '"', ""])
async def test_a_request_id_that_is_not_sane_is_replaced(
    client: httpx.AsyncClient, given: str
) -> None:
    answer = await client.get("/v1/status", headers={"x-request-id": given.encode("latin-1")})

    assert re.fullmatch("[0-9a-f]{12}-[0-9a-f]+", answer.headers["x-request-id"])
    assert answer.headers["x-request-id"] != given


async def test_the_status_says_unknown_rather_than_guess(store: Store, clock: StoppedClock) -> None:
    async def nobody_knows() -> Health:
        raise OSError

    bench = await open_bench(store, clock, health=nobody_knows)
    client = bench.client()
    status = (await client.get("/v1/status")).json()

    assert {status[name] for name in ("status", "ledger", "log", "worker")} == {"unknown"}
    assert is_problem(await client.get("/readyz"), 503, "unavailable")
    assert (await client.get("/healthz")).text == "ok\n"


async def test_the_access_log_names_calls_and_keeps_secrets(
    store: Store, clock: StoppedClock
) -> None:
    lines: list[bytes] = []
    bench = await open_bench(store, clock, note_access=lines.append)
    token = await bench.key()
    client = bench.client(token)
    await client.get("/v1/invoices", params={"seller": SELLER.taxpayer_id, "key": "secret-sale"})
    await client.post("/v1/invoices", json=DRAFT, headers=named("sale-1"))
    await asyncio.sleep(0.6)

    told = [json.loads(line) for line in b"".join(lines).splitlines()]
    assert [(one["method"], one["path"], one["status"], one["caller"]) for one in told] == [
        ("GET", "/v1/invoices", 200, "k1"),
        ("POST", "/v1/invoices", 409, "k1"),
    ]
    whole = b"".join(lines).decode()
    for secret in (token, SELLER.taxpayer_id, "secret-sale", "sale-1", DRAFT["issuer"]):
        assert secret not in whole


async def test_people_find_their_way(bench: Bench) -> None:
    client = bench.client()
    home = await client.get("/")
    docs = await client.get("/docs")

    assert "/docs" in home.text
    for page in (home, docs):
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "https:" not in page.text.replace('img[src^="https:"]', "")
        assert "http:" not in page.text
    script = await client.get("/docs/redoc.standalone.js")
    assert len(script.content) > 500_000
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert document["paths"]["/v1/invoices:batch"]["post"]["operationId"] == "issue_batch"
