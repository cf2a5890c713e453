"""How an invoice's seal stands, and how vendors behave, as callers are told."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from kaipiao.fiscal.seal import BreakerReport, Score, SealKey
from kaipiao.ledger.store import Store
from kaipiao.seal.check import is_mark_good, seal_key
from kaipiao.seal.ed25519 import Ed25519Seal, open_ed25519
from tests.gateway_bench import LOG_ORIGIN, Bench, as_json, named
from tests.seal_vendors import NOW
from tests.strategies import make_draft


@pytest.fixture
def own(tmp_path: Path) -> Ed25519Seal:
    return open_ed25519(tmp_path, "acme", now=NOW)


@pytest.fixture
def acme(own: Ed25519Seal) -> SealKey:
    return seal_key("acme", own.certificate)


async def issue(client: httpx.AsyncClient, bench: Bench, key: str = "s") -> str:
    answer = await client.post("/v1/invoices", json=as_json(make_draft(1)), headers=named(key))
    await bench.store.order.sequence()
    return str(answer.json()["number"])


async def seal_all(store: Store, own: Ed25519Seal, key: SealKey) -> None:
    from kaipiao.fiscal.seal import compose_statement

    await store.seals.cut(with_tail=True)
    while lot := await store.seals.take("w", key, hold_s=9, oldest=True):
        statements = [
            compose_statement(LOG_ORIGIN, one) for one in await store.seals.sealables(lot)
        ]
        assert await store.seals.seal("w", lot, key, [own.sign(one) for one in statements])


async def read(client: httpx.AsyncClient, number: str) -> Any:
    answer = await client.get(f"/v1/invoices/{number}/seal")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_invoice_waits_is_sealed_is_resealed_and_keeps_every_mark(
    client: httpx.AsyncClient, bench: Bench, own: Ed25519Seal, acme: SealKey, tmp_path: Path
) -> None:
    number = await issue(client, bench)
    assert (await read(client, number))["state"] == "none"
    other = open_ed25519(tmp_path / "bolt", "bolt", now=NOW)
    bolt = seal_key("bolt", other.certificate)
    await bench.store.seals.meet([acme, bolt], kinds={"acme": "http", "bolt": "http"})
    assert (await read(client, number))["state"] == "waiting"

    await seal_all(bench.store, own, acme)
    sealed = await read(client, number)
    assert (sealed["state"], sealed["mark"]["vendor"], sealed["superseded"]) == (
        "sealed", "acme", [],
    )  # fmt: skip
    assert number in sealed["statement"]
    assert genuine(sealed["statement"], sealed["mark"])

    answer = await client.post("/v1/seals/vendors/acme/distrust", json={"why": "key stolen"})
    assert (answer.status_code, answer.json()["trusted"]) == (200, False)
    doubted = await read(client, number)
    assert (doubted["state"], doubted["mark"]) == ("resealing", None)
    await bench.store.seals.requeue()
    await seal_all(bench.store, other, bolt)

    again = await read(client, number)
    assert (again["state"], again["mark"]["vendor"]) == ("sealed", "bolt")
    [old] = again["superseded"]
    assert (old["vendor"], old["superseded_why"]) == ("acme", "key stolen")
    assert again["statement"] == sealed["statement"]
    assert genuine(again["statement"], old)


def genuine(statement: str, mark: Any) -> bool:
    signature, certificate = map(base64.b64decode, (mark["signature"], mark["certificate"]))
    return is_mark_good(statement.encode(), signature, certificate)


async def test_a_scorecard_tells_shares_percentiles_and_the_breaker(
    client: httpx.AsyncClient, bench: Bench, acme: SealKey
) -> None:
    await issue(client, bench)
    assert (await client.get("/v1/seals/vendors")).json()["vendors"] == []
    await bench.store.seals.meet([acme], kinds={"acme": "http"})
    score = Score(
        asked={"sealed": 9, "lied": 1}, invoices=900, latencies=(0, 0, 0, 0, 0, 9, *[0] * 21, 1),
        state_s={"closed": 8.0, "open": 2.0},
    )  # fmt: skip
    report = BreakerReport(state="open", since_s=2.0, said="1 of 9 signatures")
    await bench.store.seals.note("w", "acme", score, report)

    told = (await client.get("/v1/seals/vendors")).json()

    assert (told["waiting"], told["oldest_s"] is not None) == (1, True)
    [card] = told["vendors"]
    assert (card["success_share"], card["lied"], card["invoices"]) == (0.9, 1, 900)
    assert (card["p50_ms"], card["p99_ms"]) == (10, 120_000)
    assert card["state_s"] == {"closed": 8.0, "open": 2.0, "half-open": 0.0}
    assert card["breakers"] == [{"state": "open", "since_s": 2.0, "said": "1 of 9 signatures"}]


async def test_only_an_administrator_of_all_judges_vendors(
    client: httpx.AsyncClient, bench: Bench, acme: SealKey
) -> None:
    await bench.store.seals.meet([acme], kinds={"acme": "http"})
    for token in (
        await bench.key(may=frozenset({"read", "issue"})),
        await bench.key("91310000MA1FL00000"),
    ):
        async with bench.client(token) as other:
            assert (await other.get("/v1/seals/vendors")).status_code == 200
            for verb, body in (("distrust", {"why": "x"}), ("trust", None)):
                path = f"/v1/seals/vendors/acme/{verb}"
                assert (await other.post(path, json=body)).status_code == 403
    assert (await bench.store.seals.vendors())[0].distrusted_at is None


@pytest.mark.parametrize("verb", ["distrust", "trust"])
async def test_a_vendor_that_never_was_is_not_found(client: httpx.AsyncClient, verb: str) -> None:
    answer = await client.post(f"/v1/seals/vendors/x/{verb}", json={"why": "x"})

    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-vendor")


async def test_a_reason_is_needed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/seals/vendors/x/distrust", json={})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_stranger_learns_of_no_seal(
    client: httpx.AsyncClient, bench: Bench, acme: SealKey
) -> None:
    number = await issue(client, bench)
    async with bench.client(await bench.key("91310000MA1FL0000X")) as stranger:
        assert (await stranger.get(f"/v1/invoices/{number}/seal")).status_code == 404
    async with bench.client() as nobody:
        assert (await nobody.get(f"/v1/invoices/{number}/seal")).status_code == 401
