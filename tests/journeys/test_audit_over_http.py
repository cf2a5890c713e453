"""Who did what is written down before it is done, whoever does it and by whatever call."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from kaipiao.app.audit import close_unanswered
from kaipiao.app.imports import compose_importing
from kaipiao.errors import Outage
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.keys import create_key
from kaipiao.evidence.trail import verify_event_receipt
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.audit import ACTIONS, AuditEvent
from kaipiao.fiscal.seal import SealKey
from kaipiao.gateway import acts
from kaipiao.gateway.asgi import compose_handlers
from kaipiao.gateway.denials import KINDS_MAX, STRANGERS_MAX
from kaipiao.ledger.store import Store
from kaipiao.ports import AuditQuery
from tests.clocks import StoppedClock
from tests.gateway_bench import ALL, Bench, as_json, named, open_bench
from tests.sheets_made import as_sheet
from tests.strategies import BUYER, SELLER, lawful_draft

S = SELLER.taxpayer_id
HOOK = {"name": "erp", "url": "https://erp.example/in", "sellers": [S]}
HOOK_URL = "https://erp.example/in?token=t0k"
RULE = {"name": "books", "send_to": ["b@example.com"], "sellers": [S], "renditions": ["xml"]}
KEY = {"tenant": "t", "name": "till", "may": ["issue"], "taxpayers": [S]}
DAYS = {"since": "2026-11-24T00:00:00Z", "until": "2026-11-25T00:00:00Z"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Call = Callable[["Office"], Awaitable[httpx.Response]]


class Office:
    """A caller who does everything that can be done, and what it takes to do it."""

    def __init__(self, bench: Bench, client: httpx.AsyncClient) -> None:
        self.bench = bench
        self.http = client

    async def make(self, path: str, body: Any, *names: str, **headers: str) -> str:
        answer = await self.http.post(path, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        found = answer.json()
        for name in names:
            found = found[name]
        return str(found)

    async def sale(self, key: str = "sale") -> str:
        draft = as_json(lawful_draft(remark=key))
        return await self.make("/v1/invoices", draft, "number", **named(key))

    async def hook(self) -> str:
        return "/v1/webhooks/" + await self.make("/v1/webhooks", HOOK, "webhook", "webhook_id")

    async def rule(self) -> str:
        return "/v1/mail-rules/" + await self.make("/v1/mail-rules", RULE, "rule_id")

    async def link(self) -> str:
        path = f"/v1/invoices/{await self.sale()}/links"
        return "/v1/links/" + await self.make(path, {"rendition": "xml"}, "link", "link_id")

    async def form(self) -> str:
        number = await self.sale()
        await self.http.post(f"/v1/invoices/{number}/uses", json={"use": "booked"})
        asked = {"number": number, "reason": "01", "by": "seller"}
        return "/v1/confirmations/" + await self.make(
            "/v1/confirmations", asked, "form_id", **named("form")
        )

    async def upload(self) -> httpx.Response:
        return await self.http.post(
            "/v1/imports?name=x",
            content=as_sheet(1),
            headers=named("file", **{"content-type": XLSX}),
        )

    async def imported(self, clock: StoppedClock) -> str:
        where = (await self.upload()).headers["location"]
        await compose_importing(self.bench.store, clock, "w").run_one()
        return str(where)


async def _reverse(office: Office) -> httpx.Response:
    path = f"/v1/invoices/{await office.sale()}/red-letters"
    return await office.http.post(path, json={"reason": "01"}, headers=named("back"))


async def _mail(office: Office) -> httpx.Response:
    path = f"/v1/invoices/{await office.sale()}/deliveries"
    asked = {"send_to": ["x@example.com"], "renditions": ["xml"]}
    return await office.http.post(path, json=asked, headers=named("mail"))


async def _again(office: Office) -> httpx.Response:
    [mail] = (await _mail(office)).json()["deliveries"]
    return await office.http.post(f"/v1/deliveries/{mail['delivery_id']}/replay")


async def _open(office: Office) -> httpx.Response:
    asked = {"number": await office.sale(), "reason": "01", "by": "seller"}
    return await office.http.post("/v1/confirmations", json=asked, headers=named("form"))


async def _use(office: Office) -> httpx.Response:
    path = f"/v1/invoices/{await office.sale()}/uses"
    return await office.http.post(path, json={"use": "booked"})


async def _result(office: Office) -> httpx.Response:
    where = await office.imported(StoppedClock())
    return await office.http.get(f"{where}/result")


async def _cancel(office: Office) -> httpx.Response:
    where = (await office.upload()).headers["location"]
    return await office.http.post(f"{where}/cancel")


async def _new_link(office: Office) -> httpx.Response:
    path = f"/v1/invoices/{await office.sale()}/links"
    return await office.http.post(path, json={"rendition": "xml"})


async def _revoke(office: Office) -> httpx.Response:
    made = (await office.http.post("/v1/keys", json=KEY)).json()
    return await office.http.delete(f"/v1/keys/{made['key']['key_id']}")


async def _adjust(office: Office) -> httpx.Response:
    await office.http.put(f"/v1/credit-lines/{S}", json={"limit_fen": 10**9})
    return await office.http.put(f"/v1/credit-lines/{S}/2026-11", json={"limit_fen": 10**9})


async def _vendor(office: Office) -> str:
    key = SealKey(vendor="acme", key_id="a" * 64, algorithm="1.3.101.112", certificate=b"A")
    await office.bench.store.seals.meet([key], kinds={"acme": "http"})
    return "/v1/seals/vendors/acme"


ACTS: dict[str, tuple[str, Call]] = {
    "create_key": ("key.create", lambda o: o.http.post("/v1/keys", json=KEY)),
    "revoke_key": ("key.revoke", _revoke),
    "grant_credit": (
        "credit.grant", lambda o: o.http.put(f"/v1/credit-lines/{S}", json={"limit_fen": 10**9})
    ),
    "adjust_credit": ("credit.adjust", _adjust),
    "create_webhook": ("webhook.create", lambda o: o.http.post("/v1/webhooks", json=HOOK)),
    "delete_webhook": ("webhook.end", lambda o: then(o.hook(), o.http.delete)),
    "rotate_webhook": ("webhook.rotate", lambda o: post(o, o.hook(), "/rotate")),
    "enable_webhook": ("webhook.enable", lambda o: post(o, o.hook(), "/enable")),
    "test_webhook": ("webhook.test", lambda o: post(o, o.hook(), "/test")),
    "replay_webhook": ("webhook.replay", lambda o: post(o, o.hook(), "/replay", DAYS)),
    "create_mail_rule": ("mail_rule.create", lambda o: o.http.post("/v1/mail-rules", json=RULE)),
    "delete_mail_rule": ("mail_rule.end", lambda o: then(o.rule(), o.http.delete)),
    "replay_mail_rule": ("mail_rule.replay", lambda o: post(o, o.rule(), "/replay", DAYS)),
    "mail_invoice": ("delivery.mail", _mail),
    "replay_delivery": ("delivery.replay", _again),
    "create_link": ("link.create", _new_link),
    "revoke_link": ("link.revoke", lambda o: then(o.link(), o.http.delete)),
    "open_confirmation": ("confirmation.open", _open),
    "confirm": ("confirmation.confirm", lambda o: post(o, o.form(), "/confirm")),
    "deny": ("confirmation.deny", lambda o: post(o, o.form(), "/deny")),
    "withdraw": ("confirmation.withdraw", lambda o: post(o, o.form(), "/withdraw")),
    "flag": ("confirmation.flag", lambda o: post(o, o.form(), "/flag")),
    "note_use": ("use.note", _use),
    "reverse_invoice": ("invoice.reverse", _reverse),
    "upload_import": ("import.start", lambda o: o.upload()),
    "cancel_import": ("import.cancel", _cancel),
    "distrust_vendor": (
        "vendor.distrust", lambda o: post(o, _vendor(o), "/distrust", {"why": "a test"})
    ),
    "trust_vendor": ("vendor.trust", lambda o: post(o, _vendor(o), "/trust")),
}  # fmt: skip
"""By call: what it is in the audit log, and how somebody makes it."""

READINGS: dict[str, tuple[str, Call]] = {
    "export_invoices": (
        "export.take", lambda o: o.http.get(f"/v1/invoices:export?seller={S}&form=csv")
    ),
    "read_import_result": ("import.take", _result),
    "list_events": ("audit.read", lambda o: o.http.get("/v1/audit")),
}  # fmt: skip

ELSEWHERE = {"erase_invoice": "invoice.erase"}
"""Made on a whole cell, and looked for in its audit log: ``test_erase.py``."""

CHANGE_NOTHING = frozenset({"verify", "read_document"})
"""They are asked by POST because of what they are sent."""


async def then(made: Awaitable[str], act: Callable[[str], Awaitable[httpx.Response]]) -> Any:
    return await act(await made)


async def post(office: Office, made: Awaitable[str], verb: str, body: Any = None) -> httpx.Response:
    path = await made + verb
    return await (office.http.post(path, json=body) if body else office.http.post(path))


@pytest_asyncio.fixture
async def office(bench: Bench, client: httpx.AsyncClient) -> Office:
    return Office(bench, client)


async def events(store: Store, **wanted: Any) -> list[AuditEvent]:
    """Newest first."""
    return [one.event for one in await store.audit.page(AuditQuery(**wanted), limit=1_000)]


def test_every_call_that_changes_something_is_in_the_table(bench: Bench) -> None:
    """Whoever adds a call has to say here what it is in the audit log."""
    changing = {
        str(handler.operation_id)
        for handler in compose_handlers(bench.services)
        if not handler.http_methods <= {"GET", "HEAD", "OPTIONS"}
    }

    assert changing - CHANGE_NOTHING == ACTS.keys() | ELSEWHERE.keys()
    told = {action for action, _ in (ACTS | READINGS).values()} | set(ELSEWHERE.values())
    assert told <= ACTIONS.keys()


@pytest.mark.parametrize("call", ACTS)
async def test_an_act_is_asked_for_and_its_outcome_told(office: Office, call: str) -> None:
    action, act = ACTS[call]

    answer = await act(office)

    assert answer.is_success, answer.text
    done, asked = (await events(office.bench.store, action=action))[:2]
    assert (asked.stage, done.stage, done.about) == ("asked", "done", asked.event_id)
    assert asked.object == done.object != ""
    assert (asked.actor.kind, asked.actor.tenant, asked.actor.name) == ("key", "t", "test")
    assert (asked.decision, asked.client) == ("allowed", "127.0.0.1")
    assert asked.request_id == done.request_id == answer.headers["x-request-id"]
    assert asked.rule.split()[0] in ALL
    assert await office.bench.store.audit.unanswered(older_than_s=-1) == []


@pytest.mark.parametrize("call", READINGS)
async def test_a_reading_in_bulk_is_noted(office: Office, call: str) -> None:
    action, read = READINGS[call]

    answer = await read(office)

    assert answer.status_code == 200, answer.text
    [noted] = await events(office.bench.store, action=action)
    assert (noted.stage, noted.decision) == ("noted", "allowed")


async def test_single_issues_are_no_events(office: Office) -> None:
    await office.sale()

    assert await events(office.bench.store) == []


async def test_no_secret_is_in_an_event(office: Office) -> None:
    """Nor in what the audit log is told along with one."""
    secrets = [
        await office.make("/v1/keys", KEY, "secret"),
        await office.make("/v1/webhooks", HOOK | {"url": HOOK_URL}, "secret"),
        "token=t0k",
        (await _new_link(office)).json()["url"].rpartition("/")[2],
    ]

    told = str(await events(office.bench.store))

    assert [secret for secret in secrets if secret in told] == []


async def test_what_is_refused_by_the_law_of_the_thing_failed(office: Office) -> None:
    answer = await office.http.put(f"/v1/credit-lines/{S}/2027-01", json={"limit_fen": 1})

    failed, asked = await events(office.bench.store)
    assert answer.status_code == 409
    assert (asked.stage, failed.stage) == ("asked", "failed")
    assert failed.facts == {"code": "credit-line-missing"}


# --- refused permissions


async def test_a_refused_permission_says_who_wanted_what(bench: Bench) -> None:
    caller = bench.client(await bench.key(S, may=frozenset({"read"}), name="clerk"))

    for path in ("/v1/keys", "/v1/audit"):
        assert (await caller.get(path)).status_code == 403

    await bench.app.denials.settle()
    found = await events(bench.store, action="access.denied")
    audit, admin = sorted(found, key=lambda one: one.rule == "admin")
    assert (admin.rule, admin.object, admin.decision) == ("admin", "GET /v1/keys", "denied")
    assert (audit.rule, audit.object, audit.actor.name) == ("audit", "GET /v1/audit", "clerk")


async def test_a_denied_issue_is_an_event_single_or_in_a_batch(bench: Bench) -> None:
    caller = bench.client(await bench.key(BUYER.taxpayer_id))
    draft = as_json(lawful_draft())
    line = msgspec.json.encode({"key": "a", "draft": draft}) + b"\n"

    one = await caller.post("/v1/invoices", json=draft, headers=named("a"))
    many = await caller.post(
        "/v1/invoices:batch", content=line * 5, headers={"content-type": "application/x-ndjson"}
    )

    assert (one.status_code, many.text.count('"code":"not-allowed"')) == (403, 5)
    await bench.app.denials.close()
    more, first = await events(bench.store, action="access.denied")
    assert (first.rule, first.count) == (f"issue {S}", 1)
    assert (more.rule, more.count, more.about) == (f"issue {S}", 5, first.event_id)


async def test_what_is_hidden_from_a_caller_is_refused_in_the_audit_log(
    office: Office, bench: Bench
) -> None:
    """It is told that there is no such thing; that it looked is written down."""
    number = await office.sale()
    stranger = bench.client(await bench.key("91310000MA1FL00000", name="nosy"))

    answer = await stranger.get(f"/v1/invoices/{number}")
    await stranger.get("/v1/invoices/26311000000000999999")

    await bench.app.denials.settle()
    [denied] = await events(bench.store, action="access.denied")
    assert answer.status_code == 404
    assert (denied.actor.name, denied.object) == ("nosy", f"GET /v1/invoices/{number}")


async def test_nobody_fills_the_disk_with_refusals(bench: Bench) -> None:
    """Many keys' worth of reasons and many made-up keys: few events, and none of it uncounted."""
    caller = bench.client(await bench.key(S))
    asked = 3 * KINDS_MAX
    for n in range(asked):
        params = {"seller": f"91310000MA1FL{n:05}"}
        assert (await caller.get("/v1/credit-lines", params=params)).status_code == 403
    for _ in range(2 * STRANGERS_MAX):
        await bench.client(f"kp_x_{'0' * 64}").get("/v1/keys")
    await bench.app.denials.close()

    found = await events(bench.store, action="access.denied")
    assert len(found) <= 2 * (KINDS_MAX + 1)
    assert sum(one.count for one in found) == asked + 2 * STRANGERS_MAX


async def test_who_shows_no_key_claims_nothing(bench: Bench) -> None:
    assert (await bench.client().get("/v1/keys")).status_code == 401

    await bench.app.denials.close()
    assert await events(bench.store) == []


# --- the audit store is away


class Away:
    """An audit trail that does not answer."""

    async def append(self, events: Any) -> None:
        raise Outage("audit")


async def test_without_an_audit_log_nothing_is_done_and_issuing_goes_on(
    store: Store, clock: StoppedClock
) -> None:
    await store.credit.grant(S, 10**9, month=202611)  # type: ignore[arg-type]
    bench = await open_bench(store, clock, audit=Away())
    async with bench.client(await bench.key()) as client:
        made = await client.post("/v1/keys", json=KEY)
        read = await client.get("/v1/audit")
        issued = await client.post(
            "/v1/invoices", json=as_json(lawful_draft()), headers=named("sale")
        )

    assert (made.status_code, made.json()["code"]) == (503, "unavailable")
    assert len(await store.directory.keys()) == 1
    assert read.status_code == 503
    assert issued.status_code == 201


async def test_an_outcome_that_nobody_wrote_is_closed_as_unknown(
    office: Office, clock: StoppedClock
) -> None:
    trail = office.bench.store.audit
    await office.http.post("/v1/keys", json=KEY)
    [_, asked] = await events(office.bench.store)
    lost = msgspec.structs.replace(asked, event_id=acts.compose_event_id())
    await trail.append([lost])

    assert await close_unanswered(trail, clock, older_than_s=3_600) == 0
    assert await close_unanswered(trail, clock, older_than_s=-1) == 1
    assert await close_unanswered(trail, clock, older_than_s=-1) == 0

    newest = (await events(office.bench.store))[0]
    assert (newest.stage, newest.about, newest.object) == ("unknown", lost.event_id, lost.object)


# --- reading


async def test_reading_is_itself_an_event_that_is_there_at_once(office: Office) -> None:
    first = (await office.http.get("/v1/audit")).json()
    second = (await office.http.get("/v1/audit", params={"action": "audit.read"})).json()

    assert [one["event"]["action"] for one in first["events"]] == ["audit.read"]
    assert len(second["events"]) == 2
    assert second["events"][0]["event"]["facts"] == {"action": "audit.read"}
    assert (second["size"], second["kept_from"], second["before"]) == (2, 0, None)


async def test_the_right_is_audit_and_admin_is_not_enough(bench: Bench) -> None:
    for may, status in ((ALL - {"audit"}, 403), (frozenset({"audit"}), 200)):
        caller = bench.client(await bench.key(may=may))
        assert (await caller.get("/v1/audit")).status_code == status


async def test_an_administrator_without_the_right_cannot_give_it(bench: Bench) -> None:
    admin = bench.client(await bench.key(may=ALL - {"audit"}))

    answer = await admin.post("/v1/keys", json=KEY | {"may": ["audit"]})

    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


async def test_a_tenant_reads_what_its_own_keys_did(bench: Bench) -> None:
    theirs = bench.client(await bench.key(S, tenant="theirs"))
    ours = bench.client(await bench.key(S, tenant="ours"))
    for caller, tenant in ((theirs, "theirs"), (ours, "ours")):
        made = await caller.post("/v1/keys", json=KEY | {"tenant": tenant})
        assert made.status_code == 201, made.text

    listed = (await ours.get("/v1/audit", params={"action": "key.create"})).json()["events"]
    [_, other] = await events(bench.store, action="key.create", tenant="theirs")
    hidden = await ours.get(f"/v1/audit/{other.event_id}")

    assert {one["event"]["actor"]["tenant"] for one in listed} == {"ours"}
    assert (hidden.status_code, hidden.json()["code"]) == (404, "no-such-event")


async def test_pages_are_turned_and_filters_narrow(office: Office) -> None:
    for _ in range(3):
        await office.http.post("/v1/keys", json=KEY)
    params: dict[str, Any] = {"action": "key.create", "limit": 4}

    first = (await office.http.get("/v1/audit", params=params)).json()
    rest = (await office.http.get("/v1/audit", params=params | {"before": first["before"]})).json()

    places = [one["index"] for one in (*first["events"], *rest["events"])]
    assert places == [5, 4, 3, 2, 1, 0]
    one = first["events"][0]["event"]
    for narrow in ({"about": one["object"]}, {"actor": one["actor"]["id"], "limit": 1}):
        found = (await office.http.get("/v1/audit", params=narrow)).json()["events"]
        assert found
    days = {"action": "key.create", "since": "2026-11-25"}
    assert (await office.http.get("/v1/audit", params=days)).json()["events"] == []
    days = {"action": "key.create", "until": "2026-11-24"}
    assert len((await office.http.get("/v1/audit", params=days)).json()["events"]) == 6


# --- proofs


@pytest_asyncio.fixture
async def published(
    store: Store, clock: StoppedClock, tmp_path: Any
) -> AsyncIterator[tuple[Office, LogWriter, Any]]:
    """An office whose audit log is written, on demand."""
    signer = create_key(tmp_path / "key", "cell.example/log/audit")
    folder = tmp_path / "audit"
    with LogWriter(
        order=store.audit_order,
        heads=store.heads,
        disk=LocalDisk(folder),
        signer=signer,
        clock=clock,
    ) as writer:
        bench = await open_bench(store, clock, audit_folder=folder, audit_vkey=str(signer.verifier))
        async with bench.client(await bench.key()) as client:
            yield Office(bench, client), writer, signer.verifier


async def test_a_receipt_verifies_offline_with_the_audit_logs_key(
    published: tuple[Office, LogWriter, Any],
) -> None:
    office, writer, vkey = published
    await office.http.post("/v1/keys", json=KEY)
    done, _ = await events(office.bench.store)
    await writer.advance()
    await office.http.post("/v1/keys", json=KEY)
    late = (await events(office.bench.store))[0]

    text = (await office.http.get(f"/v1/audit/{done.event_id}/receipt")).text
    early = await office.http.get(f"/v1/audit/{late.event_id}/receipt")

    verdict = verify_event_receipt(text, vkey)
    assert (verdict.is_genuine, verdict.event, verdict.index) == (True, done, 1)
    assert (early.status_code, early.json()["code"]) == (409, "event-not-covered")
    for damaged in (text.replace("index 1", "index 0"), text.replace("cell.example", "x"), "x"):
        assert not verify_event_receipt(damaged, vkey).is_genuine
    taken = await events(office.bench.store, action="audit.receipt")
    assert [one.object for one in taken] == [late.event_id, done.event_id]


async def test_the_second_log_is_public_and_says_nothing_of_anybody(
    published: tuple[Office, LogWriter, Any],
) -> None:
    office, writer, vkey = published
    await office.http.post("/v1/keys", json=KEY)
    await writer.advance()
    anyone = office.bench.client()

    key = await anyone.get("/audit-log/log.vkey")
    checkpoint = await anyone.get("/audit-log/checkpoint")
    entries = await anyone.get("/audit-log/tile/entries/000.p/2")

    assert key.text.strip() == str(vkey)
    assert checkpoint.text.splitlines()[:2] == ["cell.example/log/audit", "2"]
    assert len(entries.content) == 2 * (2 + 32)
    assert (await anyone.get("/audit-log/tile/entries/001")).status_code == 404
