"""Whoever a killed worker left without a word hears one; nobody's answer is spoilt."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kaipiao.app.last_words import Held
from kaipiao.app.stand_in import ANSWER
from kaipiao.gateway.last_words import ANSWERING, ASKED, IDLE, SLOTS, LastWords

REQUEST = b"POST /v1/invoices HTTP/1.1\r\n\r\n"


class Caller:
    """One connection: the caller's end, and the worker's."""

    def __init__(self, listener: socket.socket) -> None:
        self.end = socket.create_connection(listener.getsockname())
        self.worker, _ = listener.accept()

    async def heard(self) -> bytes:
        """Everything until the other side hangs up; a reset counts as silence."""
        self.end.setblocking(False)
        loop, said = asyncio.get_running_loop(), b""
        try:
            while piece := await asyncio.wait_for(loop.sock_recv(self.end, 65_536), 3):
                said += piece
        except ConnectionResetError:
            pass
        self.end.close()
        return said


@pytest.fixture
def listener() -> "socket.socket":
    return socket.create_server(("127.0.0.1", 0))


@pytest_asyncio.fixture
async def held() -> AsyncIterator[Held]:
    made = Held()
    yield made
    await made.close()


def worker_of(held: Held) -> LastWords:
    """What the child has: copies of the descriptors."""
    return LastWords(socket.socket(fileno=os.dup(held.channel)), held.memory)


@pytest.mark.parametrize(
    "state, arrived, expected",
    [
        (ASKED, b"", ANSWER),
        (ASKED, REQUEST, ANSWER),
        (IDLE, REQUEST, ANSWER),
        (IDLE, b"", b""),
        (ANSWERING, b"", b""),
        (ANSWERING, REQUEST, b""),
    ],
)
async def test_what_a_caller_hears_when_its_worker_is_killed(
    held: Held, listener: socket.socket, state: int, arrived: bytes, expected: bytes
) -> None:
    words, caller = worker_of(held), Caller(listener)
    slot = words.hold(caller.worker.fileno())
    assert slot is not None
    words.states[slot] = state
    caller.end.send(arrived)
    await asyncio.sleep(0.01)
    caller.worker.close()  # as the kernel does when a process dies

    held.speak()

    assert await caller.heard() == expected


async def test_a_caller_sees_the_end_of_a_connection_that_was_closed_in_peace(
    held: Held, listener: socket.socket
) -> None:
    words, caller = worker_of(held), Caller(listener)
    slot = words.hold(caller.worker.fileno())
    assert slot is not None
    caller.worker.send(b"bye")
    caller.worker.close()
    words.let_go(slot)

    assert await caller.heard() == b"bye"


async def test_a_worker_that_comes_back_starts_with_a_clean_sheet(
    held: Held, listener: socket.socket
) -> None:
    """The second worker's callers are not answered for what the first one did."""
    for state, expected in ((ASKED, ANSWER), (IDLE, b""), (ASKED, ANSWER)):
        words, caller = worker_of(held), Caller(listener)
        slot = words.hold(caller.worker.fileno())
        assert slot is not None
        if state != IDLE:
            words.states[slot] = state
        caller.worker.close()
        held.speak()
        assert await caller.heard() == expected


async def test_many_callers_are_all_answered(held: Held, listener: socket.socket) -> None:
    words, callers = worker_of(held), [Caller(listener) for _ in range(100)]
    for caller in callers:
        slot = words.hold(caller.worker.fileno())
        assert slot is not None
        words.states[slot] = ASKED
        caller.worker.close()

    held.speak()

    assert await asyncio.gather(*(caller.heard() for caller in callers)) == [ANSWER] * 100


async def test_a_worker_without_a_free_slot_serves_all_the_same(
    held: Held, listener: socket.socket
) -> None:
    words, caller = worker_of(held), Caller(listener)
    words._free.clear()

    assert words.hold(caller.worker.fileno()) is None


async def test_slots_are_used_again(held: Held, listener: socket.socket) -> None:
    words, caller = worker_of(held), Caller(listener)
    for _ in range(3):
        for _ in range(100):
            slot = words.hold(caller.worker.fileno())
            assert slot is not None
            words.let_go(slot)
        await asyncio.sleep(0.01)

    assert len(words._free) == SLOTS
    assert held._connections == {}
