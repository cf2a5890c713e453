"""What is sent where is asked for, seen and taken back over HTTP, by whoever may, and no other."""

import asyncio
import csv
import io
import zipfile
from datetime import timedelta
from typing import Any, get_args

import httpx
import pytest

from kaipiao.cli import key as key_command
from kaipiao.delivery.sending.events import OrderBook
from kaipiao.delivery.sending.secret import webhook_secret
from kaipiao.fiscal.delivery import Parcel, Verdict
from kaipiao.gateway.access import shown_path
from kaipiao.gateway.asks import Permission
from kaipiao.gateway.identity import PERMISSIONS
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import PUBLIC, Bench, as_json, named, open_bench
from tests.strategies import BUYER, SELLER, lawful_draft

HOOK = {
    "name": "erp",
    "url": "https://erp.example/in",
    "sellers": [SELLER.taxpayer_id],
}
RULE = {
    "name": "accountant",
    "send_to": ["books@example.com", "copy@example.com"],
    "sellers": [SELLER.taxpayer_id],
    "renditions": ["xml"],
}
MAIL = {"send_to": ["buyer@example.com"], "renditions": ["xml"], "language": "en"}


async def issued(client: httpx.AsyncClient, key: str = "sale") -> str:
    answer = await client.post("/v1/invoices", json=as_json(lawful_draft()), headers=named(key))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def taken(bench: Bench) -> list[Parcel]:
    while await bench.store.deliveries.expand(OrderBook):
        pass
    return await bench.store.deliveries.take("w", limit=100, busy={})


async def end(bench: Bench, parcel: Parcel, verdict: Verdict) -> None:
    await bench.store.deliveries.settle("w", parcel, verdict, again_after_s=None)


DEAD = Verdict(outcome="never", status=550, said="550 no such reader", took_ms=3)


async def test_a_webhook_is_made_rotated_and_deleted_and_its_secret_shown_once(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    made = await client.post("/v1/webhooks", json=HOOK)
    assert made.status_code == 201
    told, secret = made.json()["webhook"], made.json()["secret"]
    one = f"/v1/webhooks/{told['webhook_id']}"
    assert secret == webhook_secret(b"k" * 32, told["webhook_id"], 1)
    assert (await client.get(one)).json() == told
    assert secret not in (await client.get("/v1/webhooks")).text

    rotated = (await client.post(f"{one}/rotate")).json()
    assert rotated["secret"] == webhook_secret(b"k" * 32, told["webhook_id"], 2)
    assert (await client.post(f"{one}/enable")).json()["disabled_at"] is None
    assert (await client.delete(one)).status_code == 204
    for call in (client.get(one), client.delete(one), client.post(f"{one}/rotate")):
        assert (await call).json()["code"] == "no-such-standing-order"


async def test_an_invoice_issued_after_the_webhook_is_seen_on_its_way_and_sent_again(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    hook = (await client.post("/v1/webhooks", json=HOOK)).json()["webhook"]
    number = await issued(client)
    [parcel] = await taken(bench)
    await end(bench, parcel, DEAD)

    [seen] = (await client.get("/v1/deliveries", params={"number": number})).json()["deliveries"]
    assert (seen["state"], seen["order_id"], seen["said"]) == (
        "dead", hook["webhook_id"], "550 no such reader",
    )  # fmt: skip
    one = f"/v1/deliveries/{seen['delivery_id']}"
    detail = (await client.get(one)).json()
    assert detail["delivery"] == seen
    assert [(a["outcome"], a["status"]) for a in detail["attempts"]] == [("never", 550)]

    assert (await client.post(f"{one}/replay")).json()["state"] == "waiting"
    [again] = await taken(bench)
    assert (again.delivery_id, again.round, again.body) == (parcel.delivery_id, 1, parcel.body)


async def test_a_time_range_is_sent_again(bench: Bench, client: httpx.AsyncClient) -> None:
    hook = (await client.post("/v1/webhooks", json=HOOK)).json()["webhook"]["webhook_id"]
    for n in range(3):
        await issued(client, f"sale-{n}")
    for parcel in await taken(bench):
        await end(bench, parcel, Verdict(outcome="delivered", status=200))
    day = {"since": "2026-11-24T00:00:00Z", "until": "2026-11-25T00:00:00Z"}

    nothing = await client.post(f"/v1/webhooks/{hook}/replay", json=day)
    everything = await client.post(f"/v1/webhooks/{hook}/replay", json=day | {"dead_only": False})
    assert (nothing.json(), everything.json()) == ({"replayed": 0}, {"replayed": 3})


async def test_a_test_goes_the_way_of_all_webhooks(bench: Bench, client: httpx.AsyncClient) -> None:
    hook = (await client.post("/v1/webhooks", json=HOOK)).json()["webhook"]["webhook_id"]
    asked = await client.post(f"/v1/webhooks/{hook}/test")
    [parcel] = await taken(bench)

    assert asked.status_code == 201
    assert (asked.json()["event"], parcel.event) == ("webhook.test", "webhook.test")


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://[::ffff:169.254.169.254]/", "http://erp.example/in"],
)
async def test_a_url_inside_is_refused_with_what_to_do(client: httpx.AsyncClient, url: str) -> None:
    answer = await client.post("/v1/webhooks", json=HOOK | {"url": url})

    assert (answer.status_code, answer.json()["code"]) == (422, "webhook-url-refused")
    assert "https://" in answer.json()["en"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"url": "erp.example"}, "/url"),
        ({"sellers": []}, "/sellers"),
        ({"events": ["invoice.paid"]}, "/events/0"),
        ({"name": ""}, "/name"),
        ({"secret": "mine"}, "/secret"),
    ],
)
async def test_a_malformed_webhook_is_not_made(
    client: httpx.AsyncClient, change: dict[str, Any], path: str
) -> None:
    answer = await client.post("/v1/webhooks", json=HOOK | change)

    assert answer.status_code == 400
    assert path in [one["path"] for one in answer.json()["violations"]]


async def test_nobody_is_told_of_what_they_are_no_side_of(bench: Bench) -> None:
    buyer = bench.client(await bench.key(BUYER.taxpayer_id, tenant="buyer"))
    own = {"sellers": ["*"], "buyer": BUYER.taxpayer_id}

    for excess in ({}, {"sellers": ["*"]}, {"sellers": ["*"], "buyer": SELLER.taxpayer_id}):
        for path, ask in (("/v1/webhooks", HOOK), ("/v1/mail-rules", RULE)):
            answer = await buyer.post(path, json=ask | excess)
            assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed"), excess
    assert (await buyer.post("/v1/webhooks", json=HOOK | own)).status_code == 201
    assert (await buyer.post("/v1/mail-rules", json=RULE | own)).status_code == 201


async def test_tenants_see_nothing_of_each_others_deliveries(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    one = bench.client(await bench.key(SELLER.taxpayer_id, tenant="one"))
    two = bench.client(await bench.key(SELLER.taxpayer_id, tenant="two"))
    reader = bench.client(await bench.key(BUYER.taxpayer_id, tenant="one", may=frozenset({"read"})))
    hook = (await one.post("/v1/webhooks", json=HOOK)).json()["webhook"]["webhook_id"]
    number = await issued(client)
    [parcel] = await taken(bench)
    path = f"/v1/deliveries/{parcel.delivery_id}"

    assert len((await one.get("/v1/deliveries")).json()["deliveries"]) == 1
    assert len((await client.get("/v1/deliveries")).json()["deliveries"]) == 1, "the operator"
    for other in (two, reader):
        assert (await other.get("/v1/deliveries")).json()["deliveries"] == []
        assert (await other.get(path)).json()["code"] == "no-such-delivery"
    assert (await two.get("/v1/webhooks")).json() == {"webhooks": []}
    assert (await two.get(f"/v1/webhooks/{hook}")).json()["code"] == "no-such-standing-order"
    assert (await reader.get("/v1/webhooks")).json()["code"] == "not-allowed"
    link = (await one.post(f"/v1/invoices/{number}/links", json={"rendition": "xml"})).json()
    assert (await two.get(f"/v1/invoices/{number}/links")).json() == {"links": []}
    gone = await two.delete(f"/v1/links/{link['link']['link_id']}")
    assert gone.json()["code"] == "no-such-link"


async def test_a_mail_is_asked_for_once_whatever_is_repeated(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    number = await issued(client)
    path = f"/v1/invoices/{number}/deliveries"
    first = await client.post(path, json=MAIL, headers=named("m"))
    again = await client.post(path, json=MAIL, headers=named("m"))
    other = await client.post(path, json=MAIL | {"language": "zh"}, headers=named("m"))
    unnamed = await client.post(path, json=MAIL)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json()["code"] == "key-reused"
    assert unnamed.json()["code"] == "key-missing"
    assert len(await taken(bench)) == 1


async def test_a_rule_mails_each_reader_until_it_is_deleted(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    rule = (await client.post("/v1/mail-rules", json=RULE)).json()
    assert (await client.get("/v1/mail-rules")).json() == {"mail_rules": [rule]}
    await issued(client)
    await taken(bench)
    assert len((await client.get("/v1/deliveries")).json()["deliveries"]) == 2

    assert (await client.delete(f"/v1/mail-rules/{rule['rule_id']}")).status_code == 204
    states = {one["state"] for one in (await client.get("/v1/deliveries")).json()["deliveries"]}
    assert states == {"cancelled"}
    await issued(client, "later")
    assert await taken(bench) == []


async def test_without_a_relay_mail_is_refused_when_it_is_asked_for(
    store: Store, clock: StoppedClock
) -> None:
    whole = await open_bench(store, clock)
    assert whole.services.outward is not None
    from dataclasses import replace

    bench = await open_bench(store, clock, outward=replace(whole.services.outward, has_relay=False))
    client = bench.client(await bench.key())
    answer = await client.post("/v1/mail-rules", json=RULE)

    assert (answer.status_code, answer.json()["code"]) == (409, "mail-not-set-up")


@pytest.mark.parametrize(
    "address", ["a b@c.example", "a@", "@b", "a@b@c", "a..b@c", "a@-b", "a@b\n"]
)
async def test_what_is_no_address_is_refused(client: httpx.AsyncClient, address: str) -> None:
    answer = await client.post("/v1/mail-rules", json=RULE | {"send_to": [address]})

    assert answer.json()["violations"][0]["path"] == "/send_to/0"


async def test_a_document_this_cell_does_not_make_is_refused_by_name(
    client: httpx.AsyncClient,
) -> None:
    number = await issued(client)
    for kind in ("docx", "xml "):
        answer = await client.post(f"/v1/invoices/{number}/links", json={"rendition": kind})
        assert answer.status_code == 400


# Pages ----------------------------------------------------------------------------------------


async def test_a_list_is_read_page_by_page(bench: Bench, client: httpx.AsyncClient) -> None:
    await client.post("/v1/webhooks", json=HOOK)
    numbers = [await issued(client, f"sale-{n}") for n in range(5)]
    await taken(bench)
    seen: list[str] = []
    before = 0
    while before is not None:
        page = (await client.get("/v1/deliveries", params={"limit": 2, "before": before})).json()
        seen += [one["subject"] for one in page["deliveries"]]
        before = page["before"]

    assert sorted(seen) == sorted(numbers)


# Download links -------------------------------------------------------------------------------


class Renditions:
    """A desk that makes short documents; the real one has tests of its own."""

    async def make(self, invoice: Any, kind: str, *, needs_receipt: bool = True) -> Any:
        from kaipiao.delivery.renditions.make import Rendition

        return Rendition(
            content=f"<{kind} {invoice.number}/>".encode(),
            media_type="application/xml",
            file_name=f"{invoice.number}.{kind}",
        )


async def linked(
    store: Store, clock: StoppedClock, **ask: Any
) -> tuple[Bench, httpx.AsyncClient, str, dict[str, Any]]:
    """A bench, its admin, the path of a new link, and the link."""
    bench = await open_bench(store, clock, renditions=Renditions())
    await store.credit.grant(SELLER.taxpayer_id, 10**9, month=202611)
    client = bench.client(await bench.key())
    number = await issued(client)
    made = await client.post(f"/v1/invoices/{number}/links", json={"rendition": "xml"} | ask)
    assert made.status_code == 201, made.text
    url = made.json()["url"]
    assert url.startswith(f"{PUBLIC}/download/")
    return bench, client, url.removeprefix(PUBLIC), made.json()["link"]


async def test_whoever_holds_a_link_has_the_document_until_it_expires(
    store: Store, clock: StoppedClock
) -> None:
    bench, client, path, link = await linked(store, clock, expires_in_s=3_600)
    anyone = bench.client()
    answer = await anyone.get(path)

    assert answer.status_code == 200
    assert answer.text == f"<xml {link['number']}/>"
    assert f'filename="{link["number"]}.xml"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "private, no-store"
    [seen] = (await client.get(f"/v1/invoices/{link['number']}/links")).json()["links"]
    assert (seen["uses"], seen["link_id"]) == (1, link["link_id"])

    clock.advance(timedelta(seconds=3_600))
    late = await anyone.get(path)
    assert (late.status_code, late.json()["code"]) == (404, "no-such-link")


async def test_a_link_for_two_uses_serves_two(store: Store, clock: StoppedClock) -> None:
    bench, _, path, _ = await linked(store, clock, max_uses=2)
    anyone = bench.client()

    assert [(await anyone.get(path)).status_code for _ in range(3)] == [200, 200, 404]


async def test_many_at_the_same_moment_use_a_link_for_one_use_once(
    store: Store, clock: StoppedClock
) -> None:
    bench, _, path, _ = await linked(store, clock, max_uses=1)
    answers = await asyncio.gather(*(bench.client().get(path) for _ in range(8)))

    assert sorted(one.status_code for one in answers) == [200] + [404] * 7


async def test_a_revoked_link_is_dead_at_once(store: Store, clock: StoppedClock) -> None:
    bench, client, path, link = await linked(store, clock)

    assert (await client.delete(f"/v1/links/{link['link_id']}")).status_code == 204
    assert (await bench.client().get(path)).json()["code"] == "no-such-link"


async def test_a_made_up_link_is_refused_and_no_link_is_written_into_the_log(
    store: Store, clock: StoppedClock
) -> None:
    bench, _, path, _ = await linked(store, clock)
    for made_up in (path[:-1] + ("A" if path[-1] != "A" else "B"), "/download/x", path + "=="):
        assert (await bench.client().get(made_up)).json()["code"] == "no-such-link"

    assert shown_path(path) == "/download/…"
    assert shown_path("/v1/status") == "/v1/status"


# A month in one ZIP ---------------------------------------------------------------------------


async def test_a_month_comes_as_one_zip_with_its_list(store: Store, clock: StoppedClock) -> None:
    bench, client, _, _ = await linked(store, clock)
    numbers = [await issued(client, f"more-{n}") for n in range(120)]
    await store.order.sequence()
    asked = {"seller": SELLER.taxpayer_id, "month": "2026-11", "kind": "xml"}
    answer = await client.get("/v1/renditions.zip", params=asked)

    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert {f"{number}.xml" for number in numbers} < set(archive.namelist())
        rows = list(csv.reader(io.StringIO(archive.read("index.csv").decode("utf-8-sig"))))
    assert len(rows) == 1 + 121
    other = await client.get("/v1/renditions.zip", params=asked | {"month": "2026-10"})
    assert zipfile.ZipFile(io.BytesIO(other.content)).namelist() == ["index.csv"]
    stranger = bench.client(await bench.key(BUYER.taxpayer_id))
    assert (await stranger.get("/v1/renditions.zip", params=asked)).status_code == 403


def test_every_permission_can_be_given_asked_for_and_typed() -> None:
    assert set(get_args(Permission)) == PERMISSIONS == set(key_command.PERMISSIONS)
