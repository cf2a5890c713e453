"""A seller issues over HTTP, loses answers, asks again."""

import httpx

from tests.gateway_bench import Bench, as_json, named
from tests.strategies import BUYER, lawful_draft

DRAFT = as_json(lawful_draft())


async def test_an_issued_invoice_has_a_receipt_and_a_place(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/invoices", json=DRAFT, headers=named("sale-1"))

    receipt = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/invoices/{receipt['number']}"
    assert receipt["number"].startswith("26311")
    assert receipt["issued_at"] == "2026-11-24T04:00:00Z"
    assert receipt["key"] == "sale-1"
    assert receipt["seller"] == DRAFT["seller"]["taxpayer_id"]
    assert receipt["totals"]["gross_fen"] == sum(
        receipt["totals"][part] for part in ("net_fen", "tax_fen")
    )
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_repeat_returns_the_first_receipt_byte_for_byte(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    first = await client.post("/v1/invoices", json=DRAFT, headers=named("sale-1"))
    left_fen = await bench.left_fen()
    again = await client.post("/v1/invoices", json=DRAFT, headers=named("sale-1"))

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await bench.left_fen() == left_fen


async def test_a_key_issues_for_its_own_taxpayers_only(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    other = bench.client(await bench.key(BUYER.taxpayer_id))
    reader = bench.client(await bench.key(may=frozenset({"read"})))
    for caller in (other, reader):
        answer = await caller.post("/v1/invoices", json=DRAFT, headers=named("sale-1"))
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")

    first = await client.post("/v1/invoices", json=DRAFT, headers=named("sale-1"))
    assert first.status_code == 201
