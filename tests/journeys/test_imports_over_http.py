"""A file is uploaded once, issued in the background, watched, cancelled, and given back."""

import asyncio
import json
from typing import Any, cast

import httpx
import msgspec
import pytest

from kaipiao.app.imports import compose_importing
from kaipiao.delivery.sheets.file import SheetFile
from kaipiao.delivery.sheets.layout import BASIC, DETAIL
from kaipiao.delivery.sheets.read import open_book
from kaipiao.fiscal.draft import Draft
from kaipiao.gateway.imports import CSV, NDJSON, XLSX
from kaipiao.gateway.limits import Limits
from kaipiao.issuing.importing import Importing
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, as_json, named, open_bench
from tests.sheets_made import as_csv, as_sheet, as_workbook, line, sale
from tests.strategies import BUYER, SELLER, lawful_draft


@pytest.fixture
def importing(bench: Bench, clock: StoppedClock) -> Importing:
    return compose_importing(bench.store, clock, "worker-1")


async def upload(
    client: httpx.AsyncClient, content: bytes, key: str = "file-1", media_type: str = XLSX
) -> httpx.Response:
    headers = named(key, **{"content-type": media_type})
    return await client.post("/v1/imports?name=sales", content=content, headers=headers)


def rows_given_back(content: bytes, tab: str = BASIC) -> list[dict[str, Any]]:
    rows = [cells for _, cells in open_book(content).rows(tab)]
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


async def test_an_upload_is_issued_and_given_back_with_its_numbers(
    client: httpx.AsyncClient, importing: Importing
) -> None:
    answer = await upload(client, as_sheet(3))
    where = answer.headers["location"]
    early = await client.get(f"{where}/result")

    assert await importing.run_one()

    ended = (await client.get(where)).json()
    result = await client.get(f"{where}/result")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert (early.status_code, early.json()["code"]) == (409, "import-not-ended")
    assert (ended["state"], ended["total"], ended["counts"]["issued"]) == ("done", 3, 3)
    assert result.headers["content-type"] == XLSX
    for row in rows_given_back(result.content):
        invoice = (await client.get(f"/v1/invoices/{row['发票号码']}")).json()
        assert invoice["key"] == row["发票流水号"]
        assert (row["结果"], row["购买方名称"]) == ("已开具", BUYER.name)


async def test_the_same_upload_is_the_same_import_and_another_is_refused(
    client: httpx.AsyncClient, importing: Importing
) -> None:
    content = as_sheet(1)
    first = await upload(client, content)
    await importing.run_one()
    again = await upload(client, content)
    other = await upload(client, as_sheet(2))

    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert again.json()["import_id"] == first.json()["import_id"]
    assert again.json()["state"] == "done"
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    assert not await importing.run_one()


async def test_the_same_sheet_uploaded_under_another_name_issues_nothing_twice(
    client: httpx.AsyncClient, importing: Importing, bench: Bench
) -> None:
    await upload(client, as_sheet(4), "one")
    await importing.run_one()
    left = await bench.left_fen()
    second = await upload(client, as_sheet(4), "two")
    await importing.run_one()

    counts = (await client.get(second.headers["location"])).json()["counts"]
    assert (counts["issued"], counts["replayed"]) == (0, 4)
    assert await bench.left_fen() == left


async def test_each_fault_is_told_at_its_cell_and_spoils_no_neighbour(
    client: httpx.AsyncClient, importing: Importing
) -> None:
    content = as_workbook(
        {
            BASIC: [sale("good"), sale("unread"), sale("unlawful", 购买方纳税人识别号="X" * 19)],
            DETAIL: [line("good"), line("unread", 金额=0.001), line("unlawful", 税率=0.17)],
        }
    )
    where = (await upload(client, content)).headers["location"]
    await importing.run_one()

    counts = (await client.get(where)).json()["counts"]
    good, unread, unlawful = rows_given_back((await client.get(f"{where}/result")).content)
    assert (counts["issued"], counts["refused"]) == (1, 2)
    assert good["结果"] == "已开具"
    assert (unread["结果"], unread["发票号码"]) == ("被拒绝", "")
    assert f"{DETAIL}!D3 金额" in unread["问题"]
    assert f"{DETAIL}!D3 金额" in unread["Problem"]
    assert f"{DETAIL}!E4 税率" in unlawful["问题"]


async def test_a_sheet_given_back_is_corrected_and_uploaded_again(
    client: httpx.AsyncClient, importing: Importing
) -> None:
    rows = [sale("a") | line("a"), sale("b") | line("b", 金额="1.005")]
    where = (await upload(client, as_csv(rows), media_type=CSV)).headers["location"]
    await importing.run_one()
    returned = (await client.get(f"{where}/result")).content.decode("utf-8-sig")
    corrected = returned.replace("1.005", "1.05").encode("gb18030")

    where = (await upload(client, corrected, "again", CSV)).headers["location"]
    await importing.run_one()

    counts = (await client.get(where)).json()["counts"]
    table = (await client.get(f"{where}/result")).content.decode("utf-8-sig")
    assert (counts["issued"], counts["replayed"], counts["refused"]) == (1, 1, 0)
    assert returned.count("结果") == table.count("结果") == 1
    assert "此前已开具" in table


async def test_lines_are_imported_and_those_without_a_key_are_named_by_their_place(
    client: httpx.AsyncClient, importing: Importing
) -> None:
    bare = msgspec.json.encode(lawful_draft())
    keyed = msgspec.json.encode({"key": "own", "draft": lawful_draft()})
    content = b"\n".join([bare, keyed, b"{}", b"no json"])
    where = (await upload(client, content, media_type=NDJSON)).headers["location"]
    await importing.run_one()

    ended = (await client.get(where)).json()
    results = [json.loads(one) for one in (await client.get(f"{where}/result")).text.splitlines()]
    assert [one["outcome"] for one in results] == ["issued", "issued", "refused", "refused"]
    assert results[0]["key"] == f"{ended['import_id']}-1"
    assert results[1]["key"] == "own"
    assert results[2]["violations"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"no sheet", XLSX),
        (b"PK\x03\x04 broken", XLSX),
        (b"a,b\n1,2\n", CSV),
        (b"\xff\xff\xff", CSV),
    ],
)
async def test_what_is_no_sheet_fails_with_what_to_do(
    client: httpx.AsyncClient, importing: Importing, content: bytes, media_type: str
) -> None:
    where = (await upload(client, content, media_type=media_type)).headers["location"]
    await importing.run_one()

    failed = (await client.get(where)).json()
    assert failed["state"] == "failed"
    assert failed["zh"]
    assert failed["en"]
    assert (await client.get(f"{where}/result")).status_code == 404


async def test_a_waiting_import_is_cancelled_at_once_and_issues_nothing(
    client: httpx.AsyncClient, importing: Importing, bench: Bench
) -> None:
    left = await bench.left_fen()
    where = (await upload(client, as_sheet(2))).headers["location"]

    cancelled = await client.post(f"{where}/cancel")

    assert cancelled.json()["state"] == "cancelled"
    assert not await importing.run_one()
    assert await bench.left_fen() == left
    assert (await client.post(f"{where}/cancel")).json()["state"] == "cancelled"


async def test_a_running_import_is_cancelled_after_the_rows_in_hand(
    client: httpx.AsyncClient, importing: Importing
) -> None:
    where = (await upload(client, as_sheet(1_500))).headers["location"]
    running = asyncio.create_task(importing.run_one())
    while (await client.get(where)).json()["counts"]["done"] == 0:
        await asyncio.sleep(0.005)

    asked = (await client.post(f"{where}/cancel")).json()
    await running

    ended = (await client.get(where)).json()
    rows = rows_given_back((await client.get(f"{where}/result")).content)
    assert (asked["state"], ended["state"]) == ("cancelling", "cancelled")
    assert 0 < ended["counts"]["issued"] < 1_500
    issued = [row for row in rows if row["发票号码"]]
    assert len(issued) == ended["counts"]["issued"]
    assert {row["结果"] for row in rows} == {"已开具", "未开具"}


async def test_an_import_whose_worker_died_is_finished_by_another(
    client: httpx.AsyncClient, importing: Importing, bench: Bench, clock: StoppedClock
) -> None:
    where = (await upload(client, as_sheet(900))).headers["location"]
    running = asyncio.create_task(importing.run_one())
    while (await client.get(where)).json()["counts"]["done"] == 0:
        await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    half = (await client.get(where)).json()["counts"]["done"]
    other = compose_importing(bench.store, clock, "worker-2")
    assert not await other.run_one()  # the lease is not over
    await lease_runs_out(bench.store)

    assert await other.run_one()

    ended = (await client.get(where)).json()
    numbers = [
        row["发票号码"] for row in rows_given_back((await client.get(f"{where}/result")).content)
    ]
    assert 0 < half < 900
    assert (ended["state"], ended["counts"]["done"]) == ("done", 900)
    assert len(set(numbers)) == 900
    assert await bench.left_fen() == 10**9 - 900 * 10_000


async def test_rows_that_a_dead_worker_issued_and_did_not_note_are_asked_for_when_cancelled(
    client: httpx.AsyncClient, importing: Importing, bench: Bench
) -> None:
    where = (await upload(client, as_sheet(3))).headers["location"]
    assert await bench.store.imports.take("dies")
    (second,) = [one for one in SheetFile(as_sheet(3)).sales() if one.key == "sale-2"]
    issued = await client.post(
        "/v1/invoices", json=as_json(cast(Draft, second.read)), headers=named("sale-2")
    )
    await client.post(f"{where}/cancel")
    await lease_runs_out(bench.store)

    assert await importing.run_one()

    ended = (await client.get(where)).json()
    rows = rows_given_back((await client.get(f"{where}/result")).content)
    assert ended["state"] == "cancelled"
    assert ended["counts"] == {"done": 3, "issued": 0, "replayed": 1, "refused": 0, "skipped": 2}
    assert [row["发票号码"] for row in rows] == ["", issued.json()["number"], ""]


async def test_a_file_that_nobody_gets_through_is_given_up(
    client: httpx.AsyncClient, bench: Bench
) -> None:
    where = (await upload(client, as_sheet(1))).headers["location"]
    for n in range(5):
        assert await bench.store.imports.take(f"dies-{n}")
        await lease_runs_out(bench.store)

    assert await bench.store.imports.take("sixth") is None
    assert (await client.get(where)).json()["state"] == "failed"


async def test_a_revoked_key_ends_its_import(
    bench: Bench, importing: Importing, client: httpx.AsyncClient
) -> None:
    async with bench.client(await bench.key()) as leaving:
        where = (await upload(leaving, as_sheet(2))).headers["location"]
    (key,) = [one for one in await bench.store.directory.keys() if one.key_id == "k2"]
    await bench.store.directory.revoke(key.key_id, at=key.created_at)

    await importing.run_one()

    ended = (await client.get(where)).json()
    assert (ended["state"], ended["counts"]["issued"]) == ("cancelled", 0)
    assert "API key" in ended["en"]


async def test_a_key_issues_only_for_its_own_taxpayers(
    bench: Bench, importing: Importing, client: httpx.AsyncClient
) -> None:
    left = await bench.left_fen()
    async with bench.client(await bench.key(BUYER.taxpayer_id)) as other:
        where = (await upload(other, as_sheet(1))).headers["location"]
        await importing.run_one()
        ended = (await other.get(where)).json()
        (row,) = rows_given_back((await other.get(f"{where}/result")).content)

    assert (ended["state"], ended["counts"]["refused"]) == ("done", 1)
    assert "may not do that" in row["Problem"]
    assert await bench.left_fen() == left


async def test_strangers_see_no_import(bench: Bench, client: httpx.AsyncClient) -> None:
    where = (await upload(client, as_sheet(1))).headers["location"]
    reader = await bench.key(SELLER.taxpayer_id, tenant="elsewhere", may=frozenset({"read"}))
    async with bench.client(reader) as stranger:
        for path in (where, f"{where}/result", f"{where}/events"):
            assert (await stranger.get(path)).json()["code"] == "no-such-import"
        assert (await stranger.get("/v1/imports")).json() == {"imports": []}
        assert (await upload(stranger, b"x")).status_code == 403
    assert len((await client.get("/v1/imports")).json()["imports"]) == 1


async def test_a_tenant_has_room_for_so_many_imports(store: Store, clock: StoppedClock) -> None:
    bench = await open_bench(store, clock, limits=Limits(max_open_imports=2))
    async with bench.client(await bench.key()) as client:
        answers = [await upload(client, as_sheet(1), f"file-{n}") for n in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json()["code"] == "too-many-imports"
    assert "cancel" in answers[2].json()["en"]


async def test_an_upload_past_the_limit_is_refused_before_it_is_read(
    store: Store, clock: StoppedClock
) -> None:
    bench = await open_bench(store, clock, limits=Limits(max_import_bytes=1_000))
    async with bench.client(await bench.key()) as client:
        large = await upload(client, b"x" * 1_001)
        wrong = await upload(client, b"x", media_type="image/png")
        empty = await upload(client, b"")

    assert (large.status_code, wrong.status_code) == (413, 415)
    assert (empty.status_code, empty.json()["code"]) == (422, "document-unreadable")


async def test_whoever_comes_back_hears_only_what_is_new(
    client: httpx.AsyncClient, importing: Importing
) -> None:
    where = (await upload(client, as_sheet(2))).headers["location"]
    await importing.run_one()

    whole = await client.get(f"{where}/events")
    (last_id,) = [one[4:] for one in whole.text.splitlines() if one.startswith("id: ")]
    again = await client.get(f"{where}/events", headers={"last-event-id": last_id})
    earlier = await client.get(f"{where}/events", headers={"last-event-id": "1"})

    assert whole.headers["content-type"].startswith("text/event-stream")
    assert "event: ended" in whole.text
    assert again.status_code == 204
    assert "event: ended" in earlier.text


async def test_who_knows_all_hears_only_that_we_are_still_here(
    store: Store, clock: StoppedClock
) -> None:
    limits = Limits(watch_timeout_s=0.4, watch_every_s=0.05, heartbeat_s=0.1)
    bench = await open_bench(store, clock, limits=limits)
    async with bench.client(await bench.key()) as client:
        where = (await upload(client, as_sheet(1))).headers["location"]
        new = await client.get(f"{where}/events")
        knows = await client.get(f"{where}/events", headers={"last-event-id": "1"})

    assert new.text.count("event: progress") == 1
    assert "event:" not in knows.text
    assert knows.text.count(": still here") >= 2


async def test_small_imports_of_others_go_before_a_second_one_of_the_same_tenant(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    for n in range(2):
        await upload(client, as_sheet(1), f"mine-{n}")
    async with bench.client(await bench.key(tenant="other")) as other:
        theirs = (await upload(other, as_sheet(1), "theirs")).json()["import_id"]

    taken = [await bench.store.imports.take(f"w{n}") for n in range(2)]

    assert taken[1] is not None
    assert taken[1].import_id == theirs


async def test_what_ended_long_ago_is_forgotten_with_its_files(
    client: httpx.AsyncClient, importing: Importing, bench: Bench
) -> None:
    where = (await upload(client, as_sheet(1))).headers["location"]
    await importing.run_one()
    await bench.store.pool.execute("UPDATE import SET ended_at = ended_at - interval '8 days'")

    assert await bench.store.imports.forget(older_than_days=7) == 1

    assert (await client.get(where)).status_code == 404
    assert await bench.store.pool.fetchval("SELECT count(*) FROM import_file") == 0


async def lease_runs_out(store: Store) -> None:
    await store.pool.execute("UPDATE import SET held_until = now() WHERE ended_at IS NULL")
