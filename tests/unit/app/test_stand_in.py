"""While nobody else answers, every caller gets the gateway's own words."""

import asyncio
import socket
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from kaipiao.app.stand_in import ANSWER, StandIn
from kaipiao.errors import Outage
from kaipiao.gateway.problems import Problem, compose_problem


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/v1/invoices"


async def test_every_caller_is_told_that_the_outcome_is_unknown(listener: socket.socket) -> None:
    stand_in = StandIn(listener)
    await stand_in.go_on_duty()
    async with httpx.AsyncClient() as client:
        answers = await asyncio.gather(
            *(client.post(url_of(listener), content=b"x" * size) for size in (0, 10, 10**6))
        )
    stand_in.go_off_duty()

    expected, _ = compose_problem(Outage("serve"), language="en", request_id="-", max_violations=0)
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) >= 1
        assert msgspec.json.decode(answer.content, type=Problem) == expected


async def test_off_duty_it_leaves_callers_to_the_workers(listener: socket.socket) -> None:
    stand_in = StandIn(listener)
    await stand_in.go_on_duty()
    stand_in.go_off_duty()

    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    worker, _ = await asyncio.wait_for(loop.sock_accept(listener), 2)  # still ours to accept
    worker.close()
    writer.close()
    assert ANSWER not in await reader.read()


async def test_it_can_be_called_back(listener: socket.socket) -> None:
    stand_in = StandIn(listener)
    for _ in range(3):
        await stand_in.go_on_duty()
        async with httpx.AsyncClient() as client:
            assert (await client.get(url_of(listener))).status_code == 503
        stand_in.go_off_duty()
