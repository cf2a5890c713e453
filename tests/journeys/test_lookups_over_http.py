"""Did it go through?  By number, by key, by content, by day; and then the proof."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.keys import create_key
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.qr import read_qr
from kaipiao.fiscal.words import read_words
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, as_json, named, open_bench
from tests.stores import NOVEMBER
from tests.strategies import BUYER, SELLER, lawful_draft, make_draft

MINE = {"seller": SELLER.taxpayer_id}


async def issue(client: httpx.AsyncClient, n: int) -> dict[str, Any]:
    answer = await client.post(
        "/v1/invoices", json=as_json(make_draft(n)), headers=named(f"sale-{n}")
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def found(client: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await client.get("/v1/invoices", params=params)
    assert answer.status_code == 200, answer.text
    return [one["key"] for one in answer.json()["invoices"]]


async def test_one_invoice_says_all_that_is_known_of_it(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    receipt = await issue(client, 1)
    await bench.store.order.sequence()
    invoice = (await client.get(f"/v1/invoices/{receipt['number']}")).json()

    assert invoice["draft"] == as_json(make_draft(1))
    assert [invoice[name] for name in ("digest", "key", "issued_at", "totals")] == [
        receipt[name] for name in ("digest", "key", "issued_at", "totals")
    ]
    gross_fen = invoice["totals"]["gross_fen"]
    assert sum(one["gross_fen"] for one in invoice["lines"]) == gross_fen
    assert read_words(invoice["words"]) == gross_fen
    reading = read_qr(invoice["qr"])
    assert (reading.checksum, reading.number) == ("umts", receipt["number"])
    assert (invoice["standing"], invoice["log_index"]) == ("issued", 0)


async def test_by_key_and_by_content(client: httpx.AsyncClient) -> None:
    receipt = await issue(client, 1)
    await issue(client, 2)

    assert await found(client, **MINE, key="sale-1") == ["sale-1"]
    assert await found(client, **MINE, key="sale-9") == []
    assert await found(client, **MINE, key="null") == []
    assert await found(client, digest=receipt["digest"]) == ["sale-1"]
    assert await found(client, digest="0" * 64) == []
    assert await found(client, digest=receipt["digest"], key="sale-2") == []
    assert await found(client, digest=receipt["digest"], seller=BUYER.taxpayer_id) == []


async def test_pages_miss_nothing_and_repeat_nothing(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    for n in range(7):
        await issue(client, n)
    await bench.store.order.sequence()
    keys: list[str] = []
    after = 0
    while after is not None:
        page = (
            await client.get("/v1/invoices", params={**MINE, "after": after, "limit": 3})
        ).json()
        keys += [one["key"] for one in page["invoices"]]
        assert page["high_water"] == 7
        after = page["after"]

    assert keys == [f"sale-{n}" for n in range(7)]


async def test_days_and_months_are_beijings(
    client: httpx.AsyncClient, bench: Bench, clock: StoppedClock
) -> None:
    await issue(client, 1)
    clock.advance(timedelta(hours=12))  # 00:00 on the 25th in Beijing, still the 24th in UTC
    await issue(client, 2)
    clock.advance(timedelta(days=6))
    await bench.store.credit.grant(SELLER.taxpayer_id, 10**9, month=NOVEMBER + 1)
    await issue(client, 3)
    await bench.store.order.sequence()

    assert await found(client, **MINE, until="2026-11-24") == ["sale-1"]
    assert await found(client, **MINE, since="2026-11-25", until="2026-11-25") == ["sale-2"]
    assert await found(client, **MINE, month="2026-11") == ["sale-1", "sale-2"]
    assert await found(client, **MINE, month="2026-12") == ["sale-3"]
    assert await found(client, **MINE, month="2026-11", since="2026-11-25") == ["sale-2"]
    assert await found(client, **MINE, month="2026-11", since="2026-12-01") == []
    assert await found(client, **MINE, key="sale-3", month="2026-11") == []
    seller = bench.client(await bench.key(SELLER.taxpayer_id))
    assert await found(seller, month="2026-12") == ["sale-3"]


async def test_a_buyer_sees_what_it_bought(client: httpx.AsyncClient, bench: Bench) -> None:
    draft = lawful_draft()
    receipt = (
        await client.post("/v1/invoices", json=as_json(draft), headers=named("sale-1"))
    ).json()
    buyer = bench.client(await bench.key(BUYER.taxpayer_id))
    stranger = bench.client(await bench.key("91310000MA1FL0000X"))

    assert (await buyer.get(f"/v1/invoices/{receipt['number']}")).status_code == 200
    assert await found(buyer, digest=receipt["digest"]) == ["sale-1"]
    assert await found(stranger, digest=receipt["digest"]) == []
    listed = await buyer.get("/v1/invoices", params=MINE)
    assert (listed.status_code, listed.json()["code"]) == (403, "not-allowed")


@pytest.mark.parametrize(
    ("params", "path", "code"),
    [
        ({}, "?seller", "missing-parameter"),
        ({"key": "a"}, "?seller", "missing-parameter"),
        ({**MINE, "month": "2026-13"}, "?month", "wrong-parameter"),
        ({**MINE, "since": "yesterday"}, "?since", "wrong-parameter"),
        ({**MINE, "limit": "0"}, "?limit", "wrong-parameter"),
        ({**MINE, "limit": "501"}, "?limit", "wrong-parameter"),
        ({**MINE, "limit": "many"}, "?limit", "wrong-parameter"),
        ({**MINE, "after": "-1"}, "?after", "wrong-parameter"),
        ({**MINE, "after": "99999999999999999999"}, "?after", "wrong-parameter"),
        ({"seller": "9\0"}, "?seller", "wrong-parameter"),
        ({"digest": "XYZ"}, "?digest", "wrong-parameter"),
        ({**MINE, "since": "2026-02-30"}, "?since", "wrong-parameter"),
        ({**MINE, "since": "null"}, "?since", "wrong-parameter"),
        ({**MINE, "month": "null"}, "?month", "wrong-parameter"),
        ({**MINE, "key": ""}, "?key", "empty-parameter"),
        ({**MINE, "until": ""}, "?until", "empty-parameter"),
        ({**MINE, "sellr": "x"}, "?sellr", "unknown-parameter"),
        ({"seller": [SELLER.taxpayer_id, "91310000MA1FL0000X"]}, "?seller", "repeated-parameter"),
    ],
)
async def test_a_filter_that_is_not_understood_is_never_ignored(
    client: httpx.AsyncClient, params: dict[str, Any], path: str, code: str
) -> None:
    answer = await client.get("/v1/invoices", params=params)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert (path, code) in [(one["path"], one["code"]) for one in answer.json()["violations"]]


async def test_a_receipt_proves_itself_to_anyone(
    store: Store, clock: StoppedClock, tmp_path: Path
) -> None:
    signer = create_key(tmp_path / "keys", "kaipiao.example/test")
    folder = tmp_path / "log"
    folder.mkdir()
    bench = await open_bench(store, clock, log_folder=folder, log_vkey=str(signer.verifier))
    await store.credit.grant(SELLER.taxpayer_id, 10**9, month=NOVEMBER)
    anyone = bench.client()
    async with bench.client(await bench.key()) as client:
        number = (await issue(client, 1))["number"]
        where = f"/v1/invoices/{number}/receipt"
        with LogWriter(
            order=store.order, heads=store.heads, disk=LocalDisk(folder), signer=signer, clock=clock
        ) as writer:
            await writer.advance()
            late = (await issue(client, 2))["number"]
            early = await client.get(f"/v1/invoices/{late}/receipt")
            receipt = await client.get(where)
            await writer.advance()
            soon = await client.get(f"/v1/invoices/{late}/receipt")

    assert (early.status_code, early.json()["code"]) == (409, "proof-not-ready")
    assert (early.headers["retry-after"], early.json()["retryable"]) == ("1", True)
    assert receipt.headers["content-type"] == "text/plain; charset=utf-8"
    assert soon.status_code == 200
    plain = {"content-type": "text/plain"}
    finding = (await anyone.post("/v1/verify", content=receipt.text, headers=plain)).json()
    assert (finding["genuine"], finding["number"], finding["log_index"]) == (True, number, 0)
    damaged = receipt.text.replace("index 0", "index 1")
    finding = (await anyone.post("/v1/verify", content=damaged, headers=plain)).json()
    assert finding["genuine"] is False
    assert finding["faults"]
    assert "number" not in finding
    rubbish = await anyone.post("/v1/verify", content=b"\xff", headers=plain)
    assert rubbish.json()["violations"][0]["code"] == "not-utf8"

    checkpoint = await anyone.get("/log/checkpoint")
    assert checkpoint.text.splitlines()[:2] == ["kaipiao.example/test", "2"]
    assert checkpoint.headers["cache-control"] == "public, max-age=1, must-revalidate"
    tile = await anyone.get("/log/tile/0/000.p/2")
    assert len(tile.content) == 64
    assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await anyone.get("/log/log.vkey")).text == f"{signer.verifier}\n"
    for name in (
        "tile/0/001",
        "tile/%2e%2e/checkpoint",
        "tile/0/000.p/2/%2e%2e",
        "tile/0/x%00",
        "etc",
    ):
        absent = await anyone.get(f"/log/{name}")
        assert (absent.status_code, absent.json()["code"]) == (404, "no-such-path"), name


async def test_anyone_may_verify_fields_five_times_a_day(
    client: httpx.AsyncClient, bench: Bench, clock: StoppedClock
) -> None:
    receipt = await issue(client, 1)
    anyone = bench.client()
    question = {
        "number": receipt["number"],
        "issued_on": "2026-11-24",
        "gross_fen": receipt["totals"]["gross_fen"],
        "kind": "ordinary",
    }

    async def ask(**changes: Any) -> httpx.Response:
        return await anyone.post("/v1/verify", json=question | changes)

    assert (await ask()).json() == {"answer": "valid", "standing": "issued", "checks_today": 1}
    assert (await ask(gross_fen=1)).json()["answer"] == "does-not-match"
    assert (await ask(number="9" * 20)).json()["answer"] == "no-such-invoice"
    assert (await ask(number="x")).json()["answer"] == "no-such-invoice"
    for _ in range(3):
        await ask()
    refused = await ask()
    assert (refused.status_code, refused.json()["code"]) == (429, "verify-limit-reached")
    assert refused.headers["retry-after"] == str(12 * 3600)
    clock.advance(timedelta(hours=12))
    assert (await ask()).json()["answer"] == "valid"
    wrong = await anyone.post("/v1/verify", json={"number": 5, "kind": "x"})
    assert {one["path"] for one in wrong.json()["violations"]} == {
        "/number", "/kind", "/issued_on", "/gross_fen",
    }  # fmt: skip
