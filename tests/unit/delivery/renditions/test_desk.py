"""At the desk: made once, kept, with the receipt as soon as there is one."""

import asyncio
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from kaipiao.delivery.renditions.cache import RenditionCache
from kaipiao.delivery.renditions.desk import Renditions
from kaipiao.delivery.renditions.make import CannotRender, Press, as_rendition, edition_of
from kaipiao.delivery.renditions.workshop import Job, Made, carry_out
from kaipiao.errors import NoSuchRendition, Outage, ProofNotReady, RenditionImpossible
from kaipiao.fiscal.invoice import Invoice
from kaipiao.ports import Mark
from tests.strategies import lawful_draft
from tests.unit.delivery.renditions.invoices import IMPRINT, NUMBER, issued

INVOICE = issued(lawful_draft())


class Bench:
    """A workshop in this process, and a log, both as slow and as broken as a test wants."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.receipt = "a receipt"
        self.fails: Exception | None = None
        self.signer_is_away = False

    async def make(self, job: Job) -> Made:
        self.jobs.append(job)
        await asyncio.sleep(0.01)
        if self.fails:
            raise self.fails
        return carry_out(job, Press(self.sign))

    def sign(self, data: bytes) -> Mark:
        if self.signer_is_away:
            raise Outage("seal")
        return Mark(signature=b"s", certificate=b"c", algorithm="1.2.3", who="示例")

    def receipt_of(self, invoice: Invoice) -> str:
        if not self.receipt:
            raise ProofNotReady
        return self.receipt


class Desk(NamedTuple):
    renditions: Renditions
    bench: Bench
    folder: Path


def open_desk(folder: Path, bench: Bench) -> Renditions:
    return Renditions(
        workshop=bench,
        cache=RenditionCache(folder, limit_bytes=2**24),
        imprint=IMPRINT,
        receipt_of=bench.receipt_of,
    )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    bench = Bench()
    return Desk(open_desk(tmp_path, bench), bench, tmp_path)


async def test_what_was_made_is_found_by_every_process(desk: Desk) -> None:
    made = await desk.renditions.make(INVOICE, "xml")

    assert (made.media_type, made.file_name) == ("application/xml", f"{NUMBER}.xml")
    assert await desk.renditions.find(NUMBER, "xml") == made
    assert await open_desk(desk.folder, Bench()).find(NUMBER, "xml") == made
    assert len(desk.bench.jobs) == 1


async def test_a_crowd_that_asks_for_one_document_has_it_made_once(desk: Desk) -> None:
    made = await asyncio.gather(*(desk.renditions.make(INVOICE, "xml") for _ in range(20)))

    assert len({one.content for one in made}) == 1
    assert len(desk.bench.jobs) == 1


async def test_whoever_goes_away_does_not_stop_it(desk: Desk) -> None:
    impatient = asyncio.create_task(desk.renditions.make(INVOICE, "xml"))
    await asyncio.sleep(0.005)
    impatient.cancel()
    deadline = time.monotonic() + 5
    while await desk.renditions.find(NUMBER, "xml") is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)

    assert len(desk.bench.jobs) == 1


async def test_without_a_receipt_only_for_those_who_say_so(desk: Desk) -> None:
    desk.bench.receipt = ""
    with pytest.raises(ProofNotReady):
        await desk.renditions.make(INVOICE, "xml")
    without = await desk.renditions.make(INVOICE, "xml", needs_receipt=False)

    assert b"<Receipt>" not in without.content
    assert await desk.renditions.find(NUMBER, "xml") is None, "it is not what others ask for"
    desk.bench.receipt = "now"
    assert b"<Receipt>" in (await desk.renditions.make(INVOICE, "xml")).content


async def test_a_kind_that_carries_no_receipt_waits_for_none(desk: Desk) -> None:
    desk.bench.receipt = ""

    made = await desk.renditions.make(INVOICE, "xbrl")

    assert made.file_name == f"{NUMBER}-xbrl.xml"
    assert await desk.renditions.find(NUMBER, "xbrl") == made


async def test_one_that_could_not_be_signed_is_not_kept(desk: Desk) -> None:
    desk.bench.signer_is_away = True
    unsigned = await desk.renditions.make(INVOICE, "xml")
    desk.bench.signer_is_away = False

    assert b"<Signature>" not in unsigned.content
    assert b"<Signature>" in (await desk.renditions.make(INVOICE, "xml")).content


async def test_a_failure_is_nobody_else_s(desk: Desk) -> None:
    desk.bench.fails = Outage("renditions")
    with pytest.raises(Outage):
        await desk.renditions.make(INVOICE, "xml")
    desk.bench.fails = None

    assert (await desk.renditions.make(INVOICE, "xml")).content


async def test_what_cannot_be_said_is_refused_in_words(desk: Desk) -> None:
    desk.bench.fails = CannotRender(zh="没有这个字。", en="No font has it.")
    with pytest.raises(RenditionImpossible) as refused:
        await desk.renditions.make(INVOICE, "xml")

    assert "没有这个字" in refused.value.text("zh")
    assert "No font has it" in refused.value.text("en")


@pytest.mark.parametrize("kind", ["", "XML", "../../etc/passwd", "docx"])
async def test_there_is_no_other_kind(desk: Desk, kind: str) -> None:
    with pytest.raises(NoSuchRendition):
        await desk.renditions.find(NUMBER, kind)
    with pytest.raises(NoSuchRendition):
        await desk.renditions.make(INVOICE, kind)
    assert desk.bench.jobs == []


def test_another_imprint_is_another_edition() -> None:
    other = msgspec.structs.replace(IMPRINT, platform="另一家")

    assert edition_of("xml", IMPRINT) == edition_of("xml", IMPRINT)
    assert edition_of("xml", IMPRINT) != edition_of("xml", other)
    assert edition_of("pdf", IMPRINT) != edition_of("xml", IMPRINT)


def test_a_file_name_is_plain() -> None:
    assert as_rendition(NUMBER, "pdf", b"").file_name == f"{NUMBER}.pdf"
