"""An invoice as a document, over HTTP: who may have it, when, and that it is made once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from kaipiao.app.render import open_workshop
from kaipiao.cli.judged import judge_document
from kaipiao.delivery.readers.read import read_document
from kaipiao.delivery.renditions.cache import RenditionCache
from kaipiao.delivery.renditions.desk import Renditions
from kaipiao.delivery.renditions.make import ROWS
from kaipiao.delivery.renditions.source import Imprint
from kaipiao.delivery.renditions.workshop import Job, Made
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.keys import create_key
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.writer import LogWriter
from kaipiao.gateway.limits import Limits
from kaipiao.ledger.store import Store
from kaipiao.seal.local import create_seal
from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, as_json, named, open_bench
from tests.stores import NOVEMBER
from tests.strategies import BUYER, SELLER, make_draft

IMPRINT = Imprint(platform="示例开票平台")


class House:
    """A gateway with its log and its workshop."""

    def __init__(self, bench: Bench, log: LogWriter, vkey: str) -> None:
        self.bench, self.log, self.vkey = bench, log, vkey

    async def issue(self, client: httpx.AsyncClient, n: int = 1) -> str:
        answer = await client.post(
            "/v1/invoices", json=as_json(make_draft(n)), headers=named(f"sale-{n}")
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])


class Stuck:
    """A workshop that finishes when it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def make(self, job: Job) -> Made:
        await self.go_on.wait()
        return Made(content=job.source.invoice.number.encode())


def renditions(folder: Path, workshop: Any) -> Renditions:
    return Renditions(
        workshop=workshop,
        cache=RenditionCache(folder / "renditions", limit_bytes=2**24),
        imprint=IMPRINT,
        receipt_of=PublishedLog(folder / "log").receipt,
    )


@pytest_asyncio.fixture
async def house(store: Store, clock: StoppedClock, tmp_path: Path) -> AsyncIterator[House]:
    create_seal(tmp_path / "secrets", "kaipiao.example/31-1", now=datetime(2026, 1, 1, tzinfo=UTC))
    signer = create_key(tmp_path / "secrets", "kaipiao.example/31-1")
    (tmp_path / "log").mkdir()
    workshop = open_workshop(tmp_path / "secrets")
    bench = await open_bench(
        store, clock, log_folder=tmp_path / "log", renditions=renditions(tmp_path, workshop)
    )
    await store.credit.grant(SELLER.taxpayer_id, 10**9, month=NOVEMBER)
    disk = LocalDisk(tmp_path / "log")
    with LogWriter(
        order=store.order, heads=store.heads, disk=disk, signer=signer, clock=clock
    ) as log:
        yield House(bench, log, str(signer.verifier))
    workshop.close()


@pytest_asyncio.fixture
async def seller(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.bench.client(await house.bench.key(SELLER.taxpayer_id)) as client:
        yield client


async def test_the_xml_is_genuine_offline_and_made_once(
    house: House, seller: httpx.AsyncClient
) -> None:
    number = await house.issue(seller)
    await house.log.advance()
    answer = await seller.get(f"/v1/invoices/{number}/renditions/xml")
    again = await seller.get(f"/v1/invoices/{number}/renditions/xml")

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/xml"
    assert answer.headers["content-disposition"] == f'attachment; filename="{number}.xml"'
    assert answer.headers["cache-control"] == "private, no-cache"
    found = judge_document(answer.content, house.vkey, draft_bytes=None)
    assert (found.genuine, found.number) == (True, number), found.faults
    assert (again.content, again.headers["etag"]) == (answer.content, answer.headers["etag"])


async def test_who_has_it_already_is_told_so(house: House, seller: httpx.AsyncClient) -> None:
    number = await house.issue(seller)
    await house.log.advance()
    path = f"/v1/invoices/{number}/renditions/xml"
    etag = (await seller.get(path)).headers["etag"]

    for tags in (etag, f'"other", W/{etag}'):
        answer = await seller.get(path, headers={"if-none-match": tags})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    other = await seller.get(path, headers={"if-none-match": '"other"'})
    assert other.status_code == 200


async def test_before_there_is_a_proof_one_says_whether_one_needs_it(
    house: House, seller: httpx.AsyncClient
) -> None:
    number = await house.issue(seller)
    await house.log.advance()
    later = await house.issue(seller, 2)
    path = f"/v1/invoices/{later}/renditions/xml"
    refused = await seller.get(path)
    without = await seller.get(path, params={"receipt": "if-ready"})

    assert number != later
    assert (refused.status_code, refused.json()["code"]) == (409, "proof-not-ready")
    assert refused.headers["retry-after"] == "1"
    assert without.status_code == 200
    assert b"<Receipt>" not in without.content
    await house.log.advance()
    with_it = await seller.get(path)
    assert b"<Receipt>" in with_it.content
    odd = await seller.get(path, params={"receipt": "perhaps"})
    assert (odd.status_code, odd.json()["code"]) == (400, "malformed")


async def test_only_its_two_sides_may_have_it(house: House, seller: httpx.AsyncClient) -> None:
    number = await house.issue(seller)
    buyer = make_draft(1).buyer.taxpayer_id
    await house.log.advance()
    path = f"/v1/invoices/{number}/renditions/xml"
    bench = house.bench
    async with (
        bench.client(await bench.key(buyer)) as side,
        bench.client(await bench.key(BUYER.taxpayer_id)) as stranger,
        bench.client(await bench.key(SELLER.taxpayer_id, may=frozenset({"issue"}))) as blind,
        bench.client() as nobody,
    ):
        assert (await side.get(path)).status_code == 200
        told = [(await one.get(path)).status_code for one in (stranger, blind, nobody)]

    assert told == [404, 403, 401]


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-CN", "没有 papyrus 这种版式文件"), ("en", "no rendition of the kind")],
)
async def test_a_kind_that_is_not_there_is_refused_in_words(
    house: House, seller: httpx.AsyncClient, language: str, said: str
) -> None:
    number = await house.issue(seller)
    await house.log.advance()
    answer = await seller.get(
        f"/v1/invoices/{number}/renditions/papyrus", headers={"accept-language": language}
    )
    nothing = await seller.get(f"/v1/invoices/{'9' * 20}/renditions/xml")

    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-rendition")
    assert said in answer.json()["detail"]
    assert "xml" in answer.json()["detail"]
    assert (nothing.status_code, nothing.json()["code"]) == (404, "no-such-invoice")


async def test_the_xbrl_reads_back(house: House, seller: httpx.AsyncClient) -> None:
    number = await house.issue(seller)
    answer = await seller.get(f"/v1/invoices/{number}/renditions/xbrl")

    assert read_document(answer.content).number == number
    assert f"{number}-xbrl.xml" in answer.headers["content-disposition"]


async def test_when_the_room_is_full_one_is_told_to_come_back_and_issuing_goes_on(
    store: Store, clock: StoppedClock, house: House, tmp_path: Path
) -> None:
    stuck = Stuck()
    bench = await open_bench(
        store,
        clock,
        limits=Limits(max_renditions_in_flight=2),
        renditions=renditions(tmp_path, stuck),
    )
    async with bench.client(await bench.key(SELLER.taxpayer_id)) as client:
        numbers = [await house.issue(client, n) for n in range(3)]
        await house.log.advance()
        paths = [f"/v1/invoices/{number}/renditions/xml" for number in numbers]
        waiting = [asyncio.create_task(client.get(path)) for path in paths[:2]]
        await asyncio.sleep(0.3)
        full = await asyncio.wait_for(client.get(paths[2]), 10)
        await house.issue(client, 9)
        stuck.go_on.set()
        made = await asyncio.gather(*waiting)

    assert (full.status_code, full.json()["code"]) == (503, "busy")
    assert full.headers["retry-after"] == "1"
    assert [one.status_code for one in made] == [200, 200]
    async with bench.client(await bench.key(SELLER.taxpayer_id)) as client:
        assert (await client.get(paths[2])).status_code == 200


async def test_the_openapi_document_names_every_kind(seller: httpx.AsyncClient) -> None:
    document = (await seller.get("/openapi.json")).json()
    call = document["paths"]["/v1/invoices/{number}/renditions/{kind}"]["get"]

    assert {row.media_type for row in ROWS.values()} == set(call["responses"]["200"]["content"])
    assert {"304", "404", "409", "503"} <= set(call["responses"])
