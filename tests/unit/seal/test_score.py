"""What a vendor did is told once: nothing is forgotten, and nothing told twice."""

from kaipiao.fiscal.seal import LATENCY_MS
from kaipiao.seal.score import Tally


def test_a_tally_tells_what_is_new_since_the_last_time() -> None:
    tally = Tally()
    tally.note("sealed", 4)
    tally.note("lied", 10**9)
    tally.note_sealed(100)
    first = tally.take({"closed": 2.0, "open": 1.0, "half-open": 0.0})
    tally.note("sealed", 4)
    second = tally.take({"closed": 2.0, "open": 4.0, "half-open": 0.5})

    assert (first.asked, first.invoices) == ({"sealed": 1, "lied": 1}, 100)
    assert first.latencies[LATENCY_MS.index(5)] == first.latencies[-1] == 1
    assert (second.asked, second.invoices) == ({"sealed": 1}, 0)
    assert second.state_s == {"closed": 0.0, "open": 3.0, "half-open": 0.5}


def test_what_could_not_be_told_is_told_the_next_time() -> None:
    tally = Tally()
    tally.note("silent", 900)
    tally.note_sealed(7)
    tally.give_back(tally.take({"closed": 2.0, "open": 1.0, "half-open": 0.0}))
    tally.note("silent", 900)

    score = tally.take({"closed": 3.0, "open": 1.0, "half-open": 0.0})

    assert (score.asked, score.invoices) == ({"silent": 2}, 7)
    assert score.latencies[LATENCY_MS.index(1_000)] == 2
    assert score.state_s == {"closed": 3.0, "open": 1.0, "half-open": 0.0}
