"""The child that makes renditions: it may die, hang or fail, and nobody else is hurt."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kaipiao.app.render import open_workshop
from kaipiao.base.markup import parse_xml
from kaipiao.delivery.renditions import workshop as room
from kaipiao.delivery.renditions.einvoice.carried import parse_carried
from kaipiao.delivery.renditions.einvoice.check import is_signature_right
from kaipiao.delivery.renditions.workshop import Job, Workshop
from kaipiao.errors import Outage
from kaipiao.seal.local import create_seal
from tests.strategies import lawful_draft
from tests.unit.delivery.renditions.invoices import source_of

JOB = Job(source=source_of(lawful_draft()), kind="xml")


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    create_seal(tmp_path, "kaipiao.example/31-1", now=datetime(2026, 11, 25, tzinfo=UTC))
    workshop = open_workshop(tmp_path)
    yield workshop
    workshop.close()


def child_of(workshop: Workshop) -> int:
    assert workshop._child is not None
    return workshop._child.pid


def scripted(*lines: str) -> Workshop:
    """A workshop with another child, which reads its orders first."""
    opening = "import os, sys; os.read(0, 4)"
    return Workshop((sys.executable, "-c", "\n".join([opening, *lines])))


async def test_it_makes_what_is_asked_for_and_signs_it(workshop: Workshop) -> None:
    made = await workshop.make(JOB)
    carried = parse_carried(made.content)

    assert made.is_final
    assert carried is not None
    assert is_signature_right(parse_xml(made.content), carried)


async def test_one_child_serves_many_and_is_nicer_than_we_are(workshop: Workshop) -> None:
    await asyncio.gather(*(workshop.make(JOB) for _ in range(8)))
    first = child_of(workshop)
    await workshop.make(JOB)

    assert child_of(workshop) == first
    assert os.getpriority(os.PRIO_PROCESS, first) == os.getpriority(os.PRIO_PROCESS, 0) + 10


async def test_a_child_that_was_killed_has_a_successor(workshop: Workshop) -> None:
    await workshop.make(JOB)
    first = child_of(workshop)
    os.kill(first, signal.SIGKILL)

    assert (await workshop.make(JOB)).content
    assert child_of(workshop) != first


async def test_the_loop_goes_on_while_it_works(workshop: Workshop) -> None:
    making = asyncio.create_task(workshop.make(JOB))
    longest = 0.0
    while not making.done():
        began = time.monotonic()
        await asyncio.sleep(0.001)
        longest = max(longest, time.monotonic() - began)

    assert (await making).content
    assert longest < 0.25


async def test_a_child_that_dies_over_every_job_is_an_outage() -> None:
    workshop = scripted("os.read(0, 1)", "os._exit(1)")
    with pytest.raises(Outage):
        await workshop.make(JOB)
    workshop.close()


async def test_what_is_no_answer_is_an_outage() -> None:
    workshop = scripted("os.read(0, 1)", "os.write(1, b'\\xff' * 64)", "os.read(0, 1 << 20)")
    with pytest.raises(Outage):
        await workshop.make(JOB)
    workshop.close()


async def test_closing_ends_the_child_and_whoever_waits(workshop: Workshop) -> None:
    await workshop.make(JOB)
    child = child_of(workshop)
    waiting = [asyncio.create_task(workshop.make(JOB)) for _ in range(3)]
    await asyncio.sleep(0)
    workshop.close()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert all(isinstance(one, Outage | asyncio.CancelledError | room.Made) for one in outcomes), (
        outcomes
    )
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    with pytest.raises((Outage, RuntimeError)):
        await workshop.make(JOB)


async def test_a_defect_is_told_and_the_child_lives(workshop: Workshop) -> None:
    await workshop.make(JOB)
    child = child_of(workshop)
    with pytest.raises(RuntimeError, match="KeyError"):
        await workshop.make(Job(source=JOB.source, kind="papyrus"))

    assert (await workshop.make(JOB)).content
    assert child_of(workshop) == child


async def test_an_idle_child_ends_and_the_next_job_has_a_new_one() -> None:
    workshop = scripted(
        "from kaipiao.delivery.renditions.make import Press",
        "from kaipiao.delivery.renditions.workshop import work",
        "jobs, out = os.fdopen(0, 'rb', buffering=0), os.fdopen(1, 'wb', buffering=0)",
        "work(jobs, out, Press(), idle_s=0.05)",
    )
    await workshop.make(JOB)
    first = workshop._child
    assert first is not None
    await asyncio.to_thread(first.wait, 5)

    assert (await workshop.make(JOB)).content
    workshop.close()
