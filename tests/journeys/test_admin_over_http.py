"""Keys and credit lines: who may give what to whom."""

from typing import Any

import httpx
import pytest

from kaipiao.gateway.limits import Limits
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import ALL, Bench, as_json, named, open_bench
from tests.strategies import BUYER, SELLER, lawful_draft

LINE = f"/v1/credit-lines/{SELLER.taxpayer_id}"
NEW = {"tenant": "t", "name": "till 1", "may": ["issue"], "taxpayers": [SELLER.taxpayer_id]}


async def test_a_line_is_granted_adjusted_and_drawn(bench: Bench) -> None:
    client = bench.client(await bench.key())
    params = {"seller": SELLER.taxpayer_id}
    assert (await client.get("/v1/credit-lines", params=params)).json() == {"credit_lines": []}
    granted = await client.put(LINE, json={"limit_fen": 1_000_000})
    await client.post("/v1/invoices", json=as_json(lawful_draft()), headers=named("sale-1"))
    adjusted = await client.put(f"{LINE}/2026-11", json={"limit_fen": 500_000})
    [line] = (await client.get("/v1/credit-lines", params=params)).json()["credit_lines"]

    assert granted.json()["left_fen"] == 1_000_000
    assert adjusted.json() == line
    assert line == {
        "seller": SELLER.taxpayer_id,
        "month": "2026-11",
        "limit_fen": 500_000,
        "drawn_fen": 139_370,
        "leased_fen": 0,
        "left_fen": 360_630,
    }
    too_low = await client.put(f"{LINE}/2026-11", json={"limit_fen": 1})
    assert (too_low.status_code, too_low.json()["code"]) == (409, "credit-line-exhausted")
    elsewhere = await client.put(f"{LINE}/2027-01", json={"limit_fen": 1})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "credit-line-missing")


@pytest.mark.parametrize("limit_fen", [-1, 10**18, "5", 1.5, None])
async def test_a_limit_is_whole_fen_in_range(bench: Bench, limit_fen: Any) -> None:
    client = bench.client(await bench.key())
    answer = await client.put(LINE, json={"limit_fen": limit_fen})

    assert answer.json()["violations"][0]["path"] == "/limit_fen"
    assert await bench.store.credit.line(SELLER.taxpayer_id, month=202611) is None


async def test_only_who_may_grant_grants(bench: Bench) -> None:
    client = bench.client(await bench.key(may=ALL - {"grant"}))
    elsewhere = bench.client(await bench.key(BUYER.taxpayer_id))

    for caller in (client, elsewhere):
        answer = await caller.put(LINE, json={"limit_fen": 1})
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


async def test_a_key_is_made_used_listed_and_revoked(store: Store, clock: StoppedClock) -> None:
    bench = await open_bench(store, clock, limits=Limits(identity_ttl_s=0.0))
    admin = bench.client(await bench.key())
    await admin.put(LINE, json={"limit_fen": 1_000_000})
    made = await admin.post("/v1/keys", json=NEW)
    secret, key = made.json()["secret"], made.json()["key"]
    till = bench.client(secret)

    assert made.status_code == 201
    assert secret.startswith(f"kp_{key['key_id']}_")
    sold = await till.post("/v1/invoices", json=as_json(lawful_draft()), headers=named("s"))
    assert sold.status_code == 201
    for path in ("/v1/keys", f"/v1/invoices/{sold.json()['number']}"):
        assert (await till.get(path)).json()["code"] == "not-allowed"
    listed = await admin.get("/v1/keys")
    assert key in listed.json()["keys"]
    assert secret not in listed.text
    assert (await admin.delete(f"/v1/keys/{key['key_id']}")).status_code == 204
    dead = await till.post("/v1/invoices", json=as_json(lawful_draft()), headers=named("s"))
    assert (dead.status_code, dead.json()["code"]) == (401, "not-authenticated")
    gone = await admin.delete("/v1/keys/nobody")
    assert (gone.status_code, gone.json()["code"]) == (404, "no-such-key")


async def test_nobody_gives_what_they_do_not_have(bench: Bench) -> None:
    admin = bench.client(await bench.key(SELLER.taxpayer_id, may=frozenset({"admin", "issue"})))

    assert (await admin.post("/v1/keys", json=NEW)).status_code == 201
    for excess in ({"may": ["grant"]}, {"taxpayers": ["*"]}, {"tenant": "other"}):
        answer = await admin.post("/v1/keys", json=NEW | excess)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed"), excess


async def test_tenants_do_not_see_each_other(bench: Bench) -> None:
    admin = bench.client(await bench.key(SELLER.taxpayer_id, tenant="one"))
    await bench.key(BUYER.taxpayer_id, tenant="two")

    keys = (await admin.get("/v1/keys")).json()["keys"]
    assert {one["tenant"] for one in keys} == {"one"}
    answer = await admin.delete("/v1/keys/k2")
    assert answer.json()["code"] == "no-such-key"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"may": []}, "/may"),
        ({"may": ["fly"]}, "/may/0"),
        ({"taxpayers": ["x"]}, "/taxpayers/0"),
        ({"taxpayers": ["91310000MA1FL0000X\n"]}, "/taxpayers/0"),
        ({"name": ""}, "/name"),
        ({"name": "a\0"}, "/name"),
        ({"expires_at": "soon"}, "/expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "/expires_at"),
    ],
)
async def test_a_malformed_key_is_not_made(bench: Bench, change: dict[str, Any], path: str) -> None:
    admin = bench.client(await bench.key())
    answer = await admin.post("/v1/keys", json=NEW | change)

    assert answer.status_code == 400
    assert path in [one["path"] for one in answer.json()["violations"]]
    assert len((await admin.get("/v1/keys")).json()["keys"]) == 1


async def test_who_is_nobody_may_nothing(bench: Bench) -> None:
    anyone: httpx.AsyncClient = bench.client()
    liar = bench.client("kp_abc_def")
    for method, path in (
        ("POST", "/v1/invoices"),
        ("POST", "/v1/invoices:batch"),
        ("GET", "/v1/invoices"),
        ("POST", "/v1/invoices/1/red-letters"),
        ("POST", "/v1/confirmations"),
        ("GET", "/v1/credit-lines"),
        ("PUT", LINE),
        ("POST", "/v1/keys"),
    ):
        for caller in (anyone, liar):
            answer = await caller.request(method, path, content=b"{")
            assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated"), path
            assert answer.headers["www-authenticate"].startswith("Bearer")
