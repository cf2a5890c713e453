"""A statement says which leaf of which log, and nothing of an invoice's content."""

import hashlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.number import compose_series
from kaipiao.fiscal.seal import (
    LATENCY_MS,
    Sealable,
    compose_statement,
    parse_statement,
    percentile_ms,
)

LEAF = hashlib.sha256(b"leaf").digest()
AT = datetime(2026, 11, 25, 2, 3, 4, 567890, tzinfo=UTC)
ONE = Sealable(compose_series(2026, 31, 1), 42, AT, 4711, LEAF)
KNOWN = f"""kaipiao/seal/v1
kaipiao.example/31-1
26311000000000000042
2026-11-25T02:03:04.567890Z
4711
{b64encode(LEAF).decode()}
"""


def test_the_known_answer() -> None:
    assert compose_statement("kaipiao.example/31-1", ONE) == KNOWN.encode()


def test_an_instant_is_written_in_utc_wherever_it_was_read() -> None:
    beijing = AT.astimezone(timezone(timedelta(hours=8)))
    there = Sealable(ONE.series, ONE.serial, beijing, ONE.log_index, LEAF)

    assert compose_statement("o", there) == compose_statement("o", ONE)


@given(st.integers(1, 10**12), st.integers(0, 2**53), st.binary(min_size=32, max_size=32))
def test_what_was_composed_is_read_back(serial: int, index: int, leaf: bytes) -> None:
    said = parse_statement(compose_statement("o", Sealable(ONE.series, serial, AT, index, leaf)))

    assert (said.origin, said.number) == ("o", f"26311{serial:015}")
    assert (said.log_index, said.leaf) == (str(index), b64encode(leaf).decode())


@pytest.mark.parametrize("data", [b"", b"kaipiao/seal/v1\n", KNOWN.encode() + b"x", b"\xff" * 9])
def test_what_is_no_statement_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"statement|ascii"):
        parse_statement(data)


@given(st.lists(st.integers(0, 59_000), min_size=1), st.sampled_from([0.5, 0.99]))
def test_a_percentile_is_the_end_of_the_class_it_lies_in(took_ms: list[int], share: float) -> None:
    classes = [0] * (len(LATENCY_MS) + 1)
    for one in took_ms:
        classes[sum(end < one for end in LATENCY_MS)] += 1
    exact = sorted(took_ms)[max(0, -int(-share * len(took_ms) // 1) - 1)]

    found = percentile_ms(tuple(classes), share)

    assert found == min(end for end in LATENCY_MS if end >= exact)


def test_nothing_counted_has_no_percentile() -> None:
    assert percentile_ms((0,) * (len(LATENCY_MS) + 1), 0.5) is None
