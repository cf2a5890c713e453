"""Anyone with a key hands in a document and hears what it says, and that it hurts nobody."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from kaipiao.delivery.readers.room import ReadingRoom
from kaipiao.gateway.limits import Limits
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, open_bench
from tests.hostile_files import HOSTILE
from tests.made_documents import NUMBER, einvoice, ofd_parts, packed, sealed, vat2019
from tests.made_pdfs import pdf, with_attached

PATH = "/v1/documents:read"
XML = {"content-type": "application/xml"}
OFD = {"content-type": "application/ofd"}


@pytest_asyncio.fixture
async def bench(store: Store, clock: StoppedClock) -> AsyncIterator[Bench]:
    room = ReadingRoom()
    yield await open_bench(store, clock, reading_room=room, limits=Limits(max_readings_in_flight=2))
    await room.close()


@pytest_asyncio.fixture
async def client(bench: Bench) -> AsyncIterator[httpx.AsyncClient]:
    async with bench.client(await bench.key()) as client:
        yield client


async def test_every_format_is_read(client: httpx.AsyncClient) -> None:
    for kind, content in {
        "xml": einvoice(),
        "ofd": packed(sealed(ofd_parts(vat2019()))),
        "pdf": pdf(with_attached({"a.xml": einvoice()})),
        "qr": b"01,32,,26427000000375586818,10.70,20260430,,FAFB",
    }.items():
        answer = await client.post(PATH, content=content)

        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert set(told) == {"kind", "fields", "verdicts"}
        assert told["kind"] == kind
        assert told["verdicts"]["issued"]["verdict"] == "unknown"


async def test_what_is_false_is_told_with_its_place(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, content=einvoice(TotalTaxAm="12.99"), headers=XML)

    told = answer.json()
    assert answer.status_code == 200
    assert told["fields"]["number"] == NUMBER
    assert told["verdicts"]["arithmetic"]["verdict"] == "wrong"
    assert {v["path"] for v in told["verdicts"]["arithmetic"]["violations"]} == {
        "/tax_fen",
        "/gross_fen",
    }


@pytest.mark.parametrize(
    "name",
    ["10,000 nested elements", "a PDF stream that unpacks to 80 MiB", "14 MiB after a PDF's head"],
)
async def test_a_hostile_document_is_refused_and_the_next_one_read(
    client: httpx.AsyncClient, name: str
) -> None:
    hostile = HOSTILE[name]()[: Limits().max_body_bytes]

    refused = await client.post(PATH, content=hostile)
    after = await client.post(PATH, content=einvoice())

    assert refused.status_code == 422, refused.text
    problem = refused.json()
    assert (problem["code"], problem["retryable"]) == ("document-unreadable", False)
    assert problem["zh"]
    assert after.status_code == 200


async def test_more_readers_than_there_is_room_for_are_told_to_come_back(
    client: httpx.AsyncClient,
) -> None:
    answers = await asyncio.gather(
        *(client.post(PATH, content=einvoice(), headers=XML) for _ in range(6))
    )

    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200, 200, 503, 503, 503, 503]
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert busy.json()["code"] == "busy"
    assert busy.headers["retry-after"]


async def test_reading_needs_a_key_that_may_read(bench: Bench, client: httpx.AsyncClient) -> None:
    async with bench.client() as stranger:
        assert (await stranger.post(PATH, content=einvoice())).status_code == 401
    refused = await client.post(PATH, content=b"x", headers={"content-type": "application/json"})
    assert refused.status_code == 415
    assert (await client.post(PATH, content=b"")).status_code == 422


async def test_a_caller_who_goes_away_leaves_the_room_in_order(client: httpx.AsyncClient) -> None:
    big = packed(sealed(ofd_parts(vat2019(), shown={str(n): "虚构" for n in range(5_000)})))
    going = asyncio.create_task(client.post(PATH, content=big, headers=OFD))
    await asyncio.sleep(0.05)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)

    answer = await client.post(PATH, content=einvoice(), headers=XML)

    assert answer.status_code == 200
    assert answer.json()["fields"]["number"] == NUMBER
