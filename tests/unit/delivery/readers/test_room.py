"""The reading room: a child that reads for us, and whose end is nobody's else."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.room import NICENESS, ReadingRoom
from kaipiao.errors import Outage
from tests.hostile_files import HOSTILE
from tests.made_documents import NUMBER, einvoice


@pytest_asyncio.fixture
async def room() -> AsyncIterator[ReadingRoom]:
    room = ReadingRoom()
    yield room
    await room.close()


def children() -> list[int]:
    """The child processes of this one that read."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [
        int(pid) for pid in listed if b"readers.room" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


async def number_of(room: ReadingRoom) -> str:
    told = json.loads(await room.read(einvoice()))
    number: str = told["fields"]["number"]
    return number


async def test_one_child_reads_one_after_the_other(room: ReadingRoom) -> None:
    assert children() == []

    assert await asyncio.gather(*(number_of(room) for _ in range(5))) == [NUMBER] * 5
    (child,) = children()
    assert os.getpriority(os.PRIO_PROCESS, child) == min(19, os.nice(0) + NICENESS)


async def test_the_child_knows_none_of_our_secrets(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAIPIAO_TEST_SECRET", "7d1c")

    await number_of(room)

    (child,) = children()
    assert b"7d1c" not in Path(f"/proc/{child}/environ").read_bytes()


async def test_a_refusal_is_told_as_the_readers_said_it(room: ReadingRoom) -> None:
    with pytest.raises(Unreadable) as caught:
        await room.read(einvoice(TotalTaxAm="?"))

    assert caught.value.where.endswith("BasicInformation/TotalTaxAm")
    assert caught.value.zh
    assert await number_of(room) == NUMBER


async def test_what_takes_too_long_is_stopped_by_the_child_itself(room: ReadingRoom) -> None:
    await number_of(room)
    before = children()

    with pytest.raises(Unreadable, match="more time"):
        await room.read(HOSTILE["14 MiB after a PDF's head"]())

    assert children() == before
    assert await number_of(room) == NUMBER


async def test_a_child_that_dies_gets_a_successor(room: ReadingRoom) -> None:
    await number_of(room)
    (child,) = children()
    os.kill(child, signal.SIGKILL)

    assert await number_of(room) == NUMBER
    assert children() != [child]


async def test_a_child_that_does_not_answer_is_an_outage_and_no_verdict() -> None:
    """The document is not to blame for a machine that stands still."""
    room = ReadingRoom(patience_s=3)
    await number_of(room)
    (child,) = children()
    os.kill(child, signal.SIGSTOP)

    with pytest.raises(Outage):
        await number_of(room)

    await room.close()


async def test_who_goes_away_takes_no_answer_of_another(room: ReadingRoom) -> None:
    """An answer that nobody took must never be given to whoever asks next."""
    other = einvoice(EIid="26317000000000000043", InvoiceNumber="26317000000000000043")
    await number_of(room)
    for delay_s in (0, 0.0005, 0.002, 0.01):
        going = asyncio.create_task(room.read(other))
        await asyncio.sleep(delay_s)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)

        assert await number_of(room) == NUMBER


async def test_closing_ends_the_child() -> None:
    room = ReadingRoom()
    await number_of(room)
    await room.close()

    assert children() == []
