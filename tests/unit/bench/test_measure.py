"""A measurement adds up several generators, says what both sides cost, and believes no failure."""

from pathlib import Path

import pytest

from bench.measure import Failed, Stack, measure
from bench.order import Order
from bench.references import running_raw
from tests.unit.bench.servers import serving


@pytest.fixture
def order(tmp_path: Path) -> Order:
    (tmp_path / "drafts").write_bytes(b'{"draft":1}\n')
    drafts = str(tmp_path / "drafts")
    return Order(port=0, path="/", drafts=drafts, keys="k", warm_s=0.2, measure_s=0.6)


def test_two_generators_share_the_connections_and_add_up(order: Order) -> None:
    with running_raw() as raw:
        order.port = raw.port
        one = measure("one", raw, order)
        two = measure("two", raw, order, generators=2)

    for found in (one, two):
        assert found.invoices_per_s == pytest.approx(found.invoices / 0.6, rel=0.2)
        assert 0 < found.latency_ms["p50_ms"] <= found.latency_ms["p99_ms"]
        assert 0 < found.cpu_us["server"] < 100
        assert 0 < found.cpu_us["load"] == found.load_request_us < 100
    assert (one.name, two.name, two.connections) == ("one", "two", 64)


def test_an_offered_rate_is_shared_too(order: Order) -> None:
    order.rate = 1_000.0
    with running_raw() as raw:
        order.port = raw.port
        found = measure("offered", raw, order, generators=2)

    assert 700 < found.invoices_per_s < 1_300
    assert found.offered_per_s == 1_000


def test_a_failing_stack_gives_no_figure(order: Order) -> None:
    busy = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    with serving(lambda *_: busy) as server:
        order.port = server.port
        stack = Stack(name="busy", port=server.port, roots=())
        with pytest.raises(Failed, match="load on busy failed"):
            measure("any", stack, order)
