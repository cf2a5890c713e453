"""Taking invoices back over HTTP: at once, in part, or after both sides agreed."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, as_json, named
from tests.strategies import BUYER, SELLER, lawful_draft

WHOLE = {"reason": "01"}


async def issue(client: httpx.AsyncClient, key: str = "sale-1") -> dict[str, Any]:
    draft = as_json(lawful_draft(remark=key))
    receipt = (await client.post("/v1/invoices", json=draft, headers=named(key))).json()
    return dict((await client.get(f"/v1/invoices/{receipt['number']}")).json())


def red(number: str) -> str:
    return f"/v1/invoices/{number}/red-letters"


async def test_an_unused_invoice_is_taken_back_at_once(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    before_fen = await bench.left_fen()
    sale = await issue(client)
    first = await client.post(red(sale["number"]), json=WHOLE, headers=named("back-1"))
    again = await client.post(red(sale["number"]), json=WHOLE, headers=named("back-1"))

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json()["totals"] == {part: -amount for part, amount in sale["totals"].items()}
    assert await bench.left_fen() == before_fen
    listed = await client.get(red(sale["number"]))
    assert listed.json()["red_letters"] == [first.json()["number"]]
    standing = (await client.get(f"/v1/invoices/{sale['number']}")).json()["standing"]
    assert standing == "reversed-wholly"
    taken = (await client.get(first.headers["location"])).json()
    assert taken["standing"] == "red-letter"
    assert taken["words"].startswith("（负数）")
    assert taken["draft"]["reversal"]["original"] == sale["number"]


async def test_an_invoice_is_taken_back_in_part_and_never_past_zero(
    client: httpx.AsyncClient,
) -> None:
    sale = await issue(client)
    part = {"reason": "02", "lines": [{"line": 0, "net_fen": 4_000}]}
    first = await client.post(red(sale["number"]), json=part, headers=named("back-1"))
    too_much = {"reason": "02", "lines": [{"line": 0, "net_fen": 6_001}, {"line": 9}]}
    second = await client.post(red(sale["number"]), json=too_much, headers=named("back-2"))

    assert first.json()["totals"]["net_fen"] == -4_000
    assert second.status_code == 422
    assert [(one["path"], one["code"]) for one in second.json()["violations"]] == [
        ("/lines/0/net_fen", "red-letter-exceeds-original"),
        ("/lines/1/line", "red-letter-line-unknown"),
    ]
    standing = (await client.get(f"/v1/invoices/{sale['number']}")).json()["standing"]
    assert standing == "reversed-in-part"


async def test_a_used_invoice_needs_both_sides(client: httpx.AsyncClient, bench: Bench) -> None:
    sale = await issue(client)
    number = sale["number"]
    seller = bench.client(await bench.key(SELLER.taxpayer_id))
    buyer = bench.client(await bench.key(BUYER.taxpayer_id))
    used = await buyer.post(f"/v1/invoices/{number}/uses", json={"use": "deducted"})
    assert used.json()["uses"] == ["deducted"]

    alone = await seller.post(red(number), json=WHOLE, headers=named("back-1"))
    assert (alone.status_code, alone.json()["code"]) == (409, "confirmation-needed")
    opened = await seller.post(
        "/v1/confirmations", json={"number": number, "reason": "01"}, headers=named("form-1")
    )
    repeat = await seller.post(
        "/v1/confirmations", json={"number": number, "reason": "01"}, headers=named("form-1")
    )
    form = opened.json()
    assert (opened.status_code, form["state"], form["started_by"]) == (201, "02", "seller")
    assert (repeat.status_code, repeat.json()) == (200, form)
    where = opened.headers["location"]
    own = await seller.post(f"{where}/confirm")
    assert (own.status_code, own.json()["code"]) == (409, "confirmation-refused")
    agreed = await buyer.post(f"{where}/confirm")
    assert (agreed.status_code, agreed.json()["state"]) == (200, "04")

    ask = {**WHOLE, "confirmation": form["form_id"]}
    done = await seller.post(red(number), json=ask, headers=named("back-2"))
    assert done.status_code == 201, done.text
    spent = (await buyer.get(where)).json()
    assert spent["red_letter"] == done.json()["number"]
    listed = await buyer.get("/v1/confirmations", params={"taxpayer": BUYER.taxpayer_id})
    assert [one["form_id"] for one in listed.json()["confirmations"]] == [form["form_id"]]


@pytest.mark.parametrize("action", ["deny", "withdraw", "flag"])
async def test_a_form_can_always_be_ended(
    client: httpx.AsyncClient, bench: Bench, action: str
) -> None:
    number = (await issue(client))["number"]
    buyer = bench.client(await bench.key(BUYER.taxpayer_id))
    body = {"number": number, "reason": "04"}
    form = (await buyer.post("/v1/confirmations", json=body, headers=named("f"))).json()
    seller = bench.client(await bench.key(SELLER.taxpayer_id))
    who = {"deny": seller, "withdraw": buyer, "flag": client}[action]

    first = await who.post(f"/v1/confirmations/{form['form_id']}/{action}")
    again = await who.post(f"/v1/confirmations/{form['form_id']}/{action}")

    assert first.json()["state"] == {"deny": "06", "withdraw": "08", "flag": "10"}[action]
    assert again.json() == first.json()


async def test_a_form_lapses_after_72_hours(
    client: httpx.AsyncClient, bench: Bench, clock: StoppedClock
) -> None:
    number = (await issue(client))["number"]
    buyer = bench.client(await bench.key(BUYER.taxpayer_id))
    body = {"number": number, "reason": "04"}
    form = (await buyer.post("/v1/confirmations", json=body, headers=named("f"))).json()
    clock.advance(timedelta(hours=72))

    stands = (await buyer.get(f"/v1/confirmations/{form['form_id']}")).json()

    assert (form["lapses_at"], stands["state"]) == ("2026-11-27T04:00:00Z", "07")


async def test_who_acts_for_both_sides_says_which(client: httpx.AsyncClient) -> None:
    number = (await issue(client))["number"]
    body = {"number": number, "reason": "01"}
    vague = await client.post("/v1/confirmations", json=body, headers=named("f"))
    clear = await client.post("/v1/confirmations", json={**body, "by": "buyer"}, headers=named("f"))

    assert vague.json()["violations"][0]["path"] == "/by"
    assert clear.json()["started_by"] == "buyer"
    done = await client.post(f"{clear.headers['location']}/confirm")
    assert done.json()["state"] == "04"


async def test_strangers_learn_nothing_of_an_invoice_or_a_form(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    number = (await issue(client))["number"]
    body = {"number": number, "reason": "01", "by": "seller"}
    form = (await client.post("/v1/confirmations", json=body, headers=named("f"))).json()
    stranger = bench.client(await bench.key("91310000MA1FL0000X"))

    for path in (f"/v1/invoices/{number}", f"/v1/invoices/{number}/receipt", red(number)):
        hidden, absent = await stranger.get(path), await stranger.get(path.replace("26", "27"))
        assert (hidden.status_code, hidden.json()["code"]) == (404, "no-such-invoice")
        assert absent.json()["code"] == "no-such-invoice"
    answer = await stranger.post(red(number), json=WHOLE, headers=named("x"))
    assert answer.json()["code"] == "no-such-invoice"
    answer = await stranger.post(f"/v1/confirmations/{form['form_id']}/confirm")
    assert answer.json()["code"] == "no-such-confirmation"
    answer = await stranger.post(f"/v1/invoices/{number}/uses", json={"use": "booked"})
    assert answer.json()["code"] == "no-such-invoice"


async def test_a_buyer_cannot_reverse_and_a_seller_cannot_use(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    number = (await issue(client))["number"]
    buyer = bench.client(await bench.key(BUYER.taxpayer_id))
    seller = bench.client(await bench.key(SELLER.taxpayer_id))

    reverse = await buyer.post(red(number), json=WHOLE, headers=named("x"))
    use = await seller.post(f"/v1/invoices/{number}/uses", json={"use": "booked"})

    assert {reverse.json()["code"], use.json()["code"]} == {"not-allowed"}
    assert (await seller.get(red(number))).json()["red_letters"] == []
    assert (await seller.get(f"/v1/invoices/{number}/uses")).json()["uses"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "05"},
        {"reason": "01", "remark": "a\0b"},
        {"reason": "01", "remark": "x" * 301},
        {"reason": "01", "lines": [{"line": "0"}]},
        {"reason": "01", "lines": [{"line": 0}] * 2_001},
        {"reason": "01", "confirmation": "12\n"},
        {"reason": "01", "extra": 1},
    ],
)
async def test_a_malformed_reversal_leaves_no_trace(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    number = (await issue(client))["number"]
    answer = await client.post(red(number), json=body, headers=named("back-1"))

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["violations"]
    assert (await client.get(red(number))).json()["red_letters"] == []
