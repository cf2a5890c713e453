"""Whoever asked to be told is told, once, whatever endpoints, relays and couriers do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from kaipiao.app.clock import SystemClock
from kaipiao.delivery.renditions.make import Rendition
from kaipiao.delivery.sending.courier import Courier
from kaipiao.delivery.sending.dial import Pools
from kaipiao.delivery.sending.mail import MailSender
from kaipiao.delivery.sending.relay import Relay
from kaipiao.delivery.sending.secret import webhook_secret
from kaipiao.delivery.sending.targets import parse_networks
from kaipiao.delivery.sending.webhook import WebhookSender
from kaipiao.errors import ProofNotReady
from kaipiao.fiscal.delivery import Delivery, Letter, StandingOrder
from kaipiao.fiscal.invoice import Invoice
from tests.contract.test_deliveries import Hours, hours, new, order
from tests.receivers import (
    PASSWORD,
    USER,
    Endpoint,
    MailServer,
    open_endpoint,
    open_mail_server,
    until,
)
from tests.stores import OpenStore, Store, entry, grant
from tests.strategies import SELLER

__all__ = ["hours"]
KEY = b"k" * 32
LOOPBACK = parse_networks("127.0.0.1")
RunCourier = Callable[..., Awaitable[None]]


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with open_endpoint() as opened:
        yield opened


async def enclose(invoice: Invoice, kind: str) -> Rendition:
    """A stand-in for the desk: what it makes is its own tests' business."""
    if kind == "ofd":
        raise ProofNotReady
    return Rendition(
        content=f"{kind} of {invoice.number}".encode(),
        media_type="application/pdf" if kind == "pdf" else "application/xml",
        file_name=f"{invoice.number}.{kind}",
    )


@asynccontextmanager
async def courier(
    store: Store,
    name: str = "c1",
    *,
    relay: Relay | None = None,
    networks: str = "127.0.0.1",
    timeout_s: float = 10.0,
) -> AsyncIterator[Courier]:
    """A courier at work, as ``app/deliver.py`` makes one."""
    async with Pools(parse_networks(networks)) as pools:
        senders = {
            "webhook": WebhookSender(pools, key=KEY, clock=SystemClock(), timeout_s=timeout_s),
            "mail": MailSender(relay, find=store.ledger.read, enclose=enclose, clock=SystemClock()),
        }
        made = Courier(name, store.deliveries, senders)
        stop = asyncio.Event()
        running = asyncio.create_task(made.run(stop))
        try:
            yield made
        finally:
            stop.set()
            await running


def webhook(endpoint: Endpoint, path: str, order_id: str = "wh_1", **more: object) -> StandingOrder:
    return order(order_id=order_id, send_to=(endpoint.url + path,), **more)


async def settled(store: Store, delivery_id: str = "msg_1") -> Delivery:
    """The delivery, once it is neither on its way nor fresh."""
    for _ in range(300):
        found = await store.deliveries.read(delivery_id)
        assert found is not None
        if found.state not in ("waiting", "sending") or (found.state == "waiting" and found.tries):
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def test_an_invoice_is_told_of_within_two_seconds_signed_and_once(
    store: Store, endpoint: Endpoint
) -> None:
    await grant(store)
    await store.orders.add(webhook(endpoint, "/ok"))
    async with courier(store):
        receipt = await store.ledger.record(entry("sale"))
        await until(lambda: len(endpoint.calls) > 0, 2, "nothing came")
        await asyncio.sleep(0.7)

    [call] = endpoint.calls
    told = call.verify(webhook_secret(KEY, "wh_1", 1))
    assert told["type"] == "invoice.issued"
    assert told["data"]["number"] == receipt.number
    assert told["data"]["seller"]["taxpayer_id"] == SELLER.taxpayer_id
    [delivery] = await store.deliveries.page()
    assert (delivery.state, delivery.delivery_id) == ("delivered", call.webhook_id)
    [attempt] = await store.deliveries.attempts(delivery.delivery_id)
    assert (attempt.outcome, attempt.status) == ("delivered", 204)


async def test_a_failure_is_written_down_and_tried_again_with_the_same_id(
    store: Store, endpoint: Endpoint, hours: Hours
) -> None:
    await store.orders.add(webhook(endpoint, "/toggle"))
    await store.deliveries.queue([new()])
    async with courier(store):
        waiting = await settled(store)
        assert (waiting.state, waiting.said) == ("waiting", 'HTTP 500: {"said": " [31mno"}')
        endpoint.status = 200
        await hours.go_by(10)
        await until(lambda: len(endpoint.calls) == 2, 3, "no second try")
        await asyncio.sleep(0.1)

    assert (await store.deliveries.page())[0].state == "delivered"
    assert len({call.webhook_id for call in endpoint.calls}) == 1
    secret = webhook_secret(KEY, "wh_1", 1)
    assert all(call.verify(secret) == {} for call in endpoint.calls)


async def test_gone_is_never_called_again_until_a_person_says_so(
    store: Store, endpoint: Endpoint
) -> None:
    await store.orders.add(webhook(endpoint, "/410"))
    await store.deliveries.queue([new()])
    async with courier(store):
        dead = await settled(store)
        await store.deliveries.queue([new(2)])
        assert (await settled(store, "msg_2")).state == "dead"

    assert dead.state == "dead"
    assert len(endpoint.calls) == 1
    assert not (await store.orders.read("wh_1")).is_live  # type: ignore[union-attr]


async def test_a_hanging_a_flooding_and_a_failing_endpoint_delay_nobody_else(
    store: Store, endpoint: Endpoint
) -> None:
    for name in ("hang", "flood", "500", "ok"):
        await store.orders.add(webhook(endpoint, f"/{name}", f"wh_{name}"))
    lanes = ["hang"] * 50 + ["flood"] * 50 + ["500"] * 50 + ["ok"] * 50
    await store.deliveries.queue(
        [new(n, lane=f"wh_{name}", order_id=f"wh_{name}") for n, name in enumerate(lanes)]
    )
    async with courier(store, timeout_s=30):
        await until(lambda: endpoint.count("/ok") == 50, 3, "the good one had to wait")

    assert endpoint.count("/hang") <= 4
    assert endpoint.count("/500") <= 8, "after three failures in a row it is left in peace"


async def test_a_redirect_is_not_followed(store: Store, endpoint: Endpoint) -> None:
    await store.orders.add(webhook(endpoint, "/redirect"))
    await store.deliveries.queue([new()])
    async with courier(store):
        waiting = await settled(store)

    assert "redirects are not followed" in waiting.said
    assert [call.path for call in endpoint.calls] == ["/redirect"]


async def test_a_name_that_leads_inside_is_never_dialled(store: Store, endpoint: Endpoint) -> None:
    """The URL was fine when it was given: it is the address that tells, at every connection."""
    await store.orders.add(order(send_to=(f"http://localhost:{endpoint.port}/ok",)))
    await store.deliveries.queue([new()])
    async with courier(store, networks=""):
        waiting = await settled(store)

    assert "not an address of the public Internet" in waiting.said
    assert endpoint.calls == []


async def test_a_name_that_leads_nowhere_is_tried_again_later(store: Store) -> None:
    await store.orders.add(order(send_to=("https://no-such-host.invalid/",)))
    await store.deliveries.queue([new()])
    async with courier(store):
        waiting = await settled(store)

    assert (waiting.state, waiting.tries) == ("waiting", 1)
    assert "no-such-host.invalid" in waiting.said


async def test_two_couriers_racing_a_thousand_deliveries_send_each_once(
    open_store: OpenStore, endpoint: Endpoint
) -> None:
    here, there = await open_store(), await open_store()
    for n in range(50):
        await here.orders.add(webhook(endpoint, "/ok", f"wh_{n}"))
    wanted = [new(n, lane=f"wh_{n % 50}", order_id=f"wh_{n % 50}") for n in range(1_000)]
    await here.deliveries.queue(wanted)
    async with courier(here, "c1"), courier(there, "c2"):
        await until(lambda: len(endpoint.calls) >= 1_000, 30, f"{len(endpoint.calls)} came")
        await asyncio.sleep(1)

    ids = [call.webhook_id for call in endpoint.calls]
    assert sorted(ids) == sorted(one.delivery_id for one in wanted)
    assert await here.deliveries.page(state="delivered", limit=5) != []
    assert await here.deliveries.page(state="waiting") == []
    workers = {(await here.deliveries.attempts(one.delivery_id))[0].worker for one in wanted[:200]}
    assert workers == {"c1", "c2"}


# Mail -----------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def mail_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailServer]:
    async with open_mail_server(tmp_path) as opened:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        yield opened


def relay_at(server: MailServer, **changes: object) -> Relay:
    relay = Relay(
        host="localhost",
        port=server.port,
        security="starttls",
        sender="开票平台 <fapiao@cell.example>",
        user=USER,
        password=PASSWORD,
    )
    return msgspec.structs.replace(relay, **changes)


async def queue_mail(store: Store, reader: str, *kinds: str, n: int = 1, **more: object) -> str:
    """One mail of a newly issued invoice; its number."""
    await grant(store)
    receipt = await store.ledger.record(entry(f"sale-{n}", n))
    letter = Letter((reader,), kinds, "zh")
    await store.deliveries.queue(
        [
            new(
                n,
                channel="mail",
                lane="mail",
                order_id="",
                subject=receipt.number,
                body=msgspec.json.encode(letter),
                **more,
            )
        ]
    )
    return receipt.number


async def test_a_mail_brings_the_renditions_over_starttls_and_a_sign_in(
    store: Store, mail_server: MailServer
) -> None:
    number = await queue_mail(store, "buyer@example.com", "pdf", "xml")
    async with courier(store, relay=relay_at(mail_server)):
        assert (await settled(store)).state == "delivered"

    [mail] = mail_server.box.mails
    assert mail_server.box.readers == ["buyer@example.com"]
    assert mail["message-id"] == "<msg_1.0@cell.example>"
    assert number in mail["subject"]
    assert mail["from"].addresses[0].display_name == "开票平台"
    text = mail.get_body().get_content()  # type: ignore[union-attr]
    assert f"发票号码: {number}" in text
    enclosed = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    assert enclosed[f"{number}.pdf"] == f"pdf of {number}".encode()
    assert set(enclosed) == {f"{number}.pdf", f"{number}.xml"}


async def test_a_rule_mails_every_reader_alone_and_in_their_language(
    store: Store, mail_server: MailServer, hours: Hours
) -> None:
    await grant(store)
    readers = ("a@example.com", "b@example.com")
    await store.orders.add(
        order(channel="mail", send_to=readers, renditions=("xml",), language="en")
    )
    async with courier(store, relay=relay_at(mail_server)):
        await store.ledger.record(entry("sale"))
        await until(lambda: len(mail_server.box.mails) == 2, 8, "no mail")

    assert sorted(mail_server.box.readers) == sorted(readers)
    assert sorted(str(mail["to"]) for mail in mail_server.box.mails) == sorted(readers)
    assert all(mail["subject"].startswith("Invoice ") for mail in mail_server.box.mails)


@pytest.mark.parametrize(("code", "state"), [("550", "dead"), ("451", "waiting")])
async def test_a_reader_refused_for_good_is_dead_and_one_refused_for_now_is_not(
    store: Store, mail_server: MailServer, code: str, state: str
) -> None:
    await queue_mail(store, f"{code}@example.com")
    await queue_mail(store, "fine@example.com", n=2)
    async with courier(store, relay=relay_at(mail_server)):
        refused, fine = await settled(store), await settled(store, "msg_2")

    assert (refused.state, fine.state) == (state, "delivered")
    assert refused.said.startswith(f"{code} told by the reader's name")


async def test_a_mail_that_is_repeated_is_recognised_and_one_asked_for_anew_is_not(
    store: Store, mail_server: MailServer
) -> None:
    await queue_mail(store, "buyer@example.com")
    async with courier(store, relay=relay_at(mail_server)):
        await settled(store)
        await store.deliveries.replay(["msg_1"])
        await until(lambda: len(mail_server.box.mails) == 2, 5, "not mailed again")

    ids = [mail["message-id"] for mail in mail_server.box.mails]
    assert ids == ["<msg_1.0@cell.example>", "<msg_1.1@cell.example>"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "wrong"}, "the relay refused our sign-in"),
        ({"port": 1}, ""),
        ({"host": "127.0.0.1"}, "certificate"),
        ({"security": "none"}, ""),
    ],
)
async def test_a_relay_that_does_not_take_us_costs_a_wait_and_no_mail(
    store: Store, mail_server: MailServer, changes: dict[str, object], said: str
) -> None:
    await queue_mail(store, "buyer@example.com")
    async with courier(store, relay=relay_at(mail_server, **changes)):
        waiting = await settled(store)

    assert waiting.state == "waiting"
    assert said in waiting.said
    assert PASSWORD not in waiting.said
    assert mail_server.box.mails == []


async def test_without_a_relay_and_without_a_proof_mail_waits(
    store: Store, mail_server: MailServer
) -> None:
    await queue_mail(store, "buyer@example.com", "ofd")
    async with courier(store, relay=relay_at(mail_server)):
        assert (await settled(store)).state == "waiting"
    await queue_mail(store, "buyer@example.com", n=2)
    async with courier(store):
        waiting = await settled(store, "msg_2")

    assert "mail_host" in waiting.said


class LateTake:
    """A book whose answers come late, as to a process that was frozen meanwhile."""

    def __init__(self, book: Any, late_s: float) -> None:
        self._book, self._late_s = book, late_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)

    async def take(self, *given: Any, **named: Any) -> Any:
        taken = await self._book.take(*given, **named)
        await asyncio.sleep(self._late_s)
        return taken


async def test_a_courier_that_wakes_up_with_old_leases_sends_nothing_on_them(
    store: Store, endpoint: Endpoint
) -> None:
    await store.orders.add(webhook(endpoint, "/ok"))
    await store.deliveries.queue([new(n) for n in range(3)])
    async with Pools(LOOPBACK) as pools:
        sender = WebhookSender(pools, key=KEY, clock=SystemClock())
        late = LateTake(store.deliveries, 0.3)
        stop = asyncio.Event()
        running = asyncio.create_task(
            Courier("late", late, {"webhook": sender}, fresh_s=0.2).run(stop)
        )
        await asyncio.sleep(1)
        stop.set()
        await running

    assert endpoint.calls == []
    assert {one.state for one in await store.deliveries.page()} == {"sending"}
