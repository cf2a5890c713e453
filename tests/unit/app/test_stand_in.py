"""Whoever the stand-in lets in is answered, whenever it is sent off."""

import asyncio
import socket

import pytest

from kaipiao.app.stand_in import ANSWER, StandIn

ASKING = b"GET / HTTP/1.1\r\n\r\n"


def ask(listener: socket.socket) -> socket.socket:
    """A caller at the door, who has said what it wants."""
    caller = socket.create_connection(listener.getsockname())
    caller.sendall(ASKING)
    caller.setblocking(False)
    return caller


def is_at_the_door(listener: socket.socket) -> bool:
    """Whether the caller still waits for whoever listens next."""
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("turns", range(8))
async def test_who_is_let_in_at_the_last_moment_is_answered(turns: int) -> None:
    """Sent off so many turns of the loop later; asyncio's own server fails after two."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stand_in = StandIn(listener)
        await stand_in.go_on_duty()
        with ask(listener) as caller:
            for _ in range(turns):
                await asyncio.sleep(0)
            stand_in.go_off_duty()
            if not is_at_the_door(listener):
                said = await asyncio.wait_for(loop.sock_recv(caller, 65_536), 5)
                assert said == ANSWER


async def test_off_duty_it_lets_nobody_in_and_can_come_back() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stand_in = StandIn(listener)
        await stand_in.go_on_duty()
        stand_in.go_off_duty()
        with ask(listener) as caller:
            await asyncio.sleep(0.02)
            await stand_in.go_on_duty()
            assert await asyncio.wait_for(loop.sock_recv(caller, 65_536), 5) == ANSWER
        stand_in.go_off_duty()
