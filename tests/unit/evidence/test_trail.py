"""What is said of the past is what was signed of it, or somebody is told which event is not."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, compose_checkpoint
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.keys import Ed25519Signer
from kaipiao.evidence.note import compose_note
from kaipiao.evidence.proven import ProvenLeaves
from kaipiao.evidence.trail import TrailReport, check_trail
from kaipiao.fiscal.audit import CELL, AuditEvent, event_content, leaf_of_event

SIGNER = Ed25519Signer("cell/audit", b"s" * 32)
Row = tuple[int, bytes, str]


def make_event(n: int, **changes: Any) -> AuditEvent:
    event = AuditEvent(
        event_id=f"{n:032x}",
        at=datetime(2026, 11, 24, 4, tzinfo=UTC),
        actor=CELL,
        action="key.revoke",
        object=f"key{n}",
        decision="allowed",
        rule="cell",
        stage="noted",
    )
    return msgspec.structs.replace(event, **changes)


def rows_of(events: list[AuditEvent]) -> list[Row]:
    return [(n, event_content(event), f"{n:032x}") for n, event in enumerate(events)]


def signed(rows: list[Row]) -> ProvenLeaves:
    """The log that was signed over these rows."""
    leaves = [leaf_of_event(content, bytes.fromhex(salt)) for _, content, salt in rows]
    edge, tiles = grow(Edge(), leaves)
    text = compose_checkpoint(Checkpoint(SIGNER.name, edge.size, edge.frontier.root()))
    files = {tile.name: content for tile, content in tiles.items()}
    files[CHECKPOINT_NAME] = compose_note(text, [SIGNER]).encode()
    return ProvenLeaves(files.__getitem__, SIGNER.verifier)


def check(log: ProvenLeaves, rows: list[Row], kept_from: int = 0) -> TrailReport:
    return check_trail(log, rows, kept_from=lambda: kept_from)


SIZE = 300
ROWS = rows_of([make_event(n) for n in range(SIZE)])
LOG = signed(ROWS)

DOCTORS: dict[str, Callable[[Row], Row]] = {
    "another object": lambda row: (row[0], row[1].replace(b"key.revoke", b"key.create"), row[2]),
    "another salt": lambda row: (row[0], row[1], "ff" * 16),
    "no event": lambda row: (row[0], b"{}", row[2]),
    "no JSON": lambda row: (row[0], b"", row[2]),
    "a salt too short": lambda row: (row[0], row[1], "ff"),
    "of another place": lambda row: (row[0], *ROWS[(row[0] + 1) % SIZE][1:]),
    "spelled otherwise": lambda row: (row[0], row[1].replace(b":", b": ", 1), row[2]),
}


def test_what_was_signed_has_no_fault() -> None:
    report = check(LOG, ROWS[::-1])

    assert (report.faults, report.checked, report.size) == ((), SIZE, SIZE)


@pytest.mark.parametrize("doctor", DOCTORS.values(), ids=DOCTORS)
@given(place=st.integers(0, SIZE - 1))
def test_every_doctored_row_is_named(doctor: Callable[[Row], Row], place: int) -> None:
    rows = [*ROWS]
    rows[place] = doctor(rows[place])

    assert [fault.index for fault in check(LOG, rows).faults] == [place]


@given(gone=st.sets(st.integers(0, SIZE - 1), min_size=1, max_size=5))
def test_every_missing_row_is_named(gone: set[int]) -> None:
    rows = [row for row in ROWS if row[0] not in gone]

    assert [fault.index for fault in check(LOG, rows).faults] == sorted(gone)


def test_what_was_written_after_the_checkpoint_is_the_next_ones() -> None:
    later = (SIZE, event_content(make_event(SIZE)), "00" * 16)

    assert check(LOG, [*ROWS, later]).faults == ()


@pytest.mark.parametrize(("told", "gone", "faults"), [(9, 10, 0), (9, 11, 1), (4, 10, 1)])
def test_events_are_gone_only_if_one_of_them_says_so(told: int, gone: int, faults: int) -> None:
    events = [make_event(n) for n in range(20)]
    events.append(make_event(20, action="audit.forget", facts={"through": str(told)}))
    rows = rows_of(events)

    report = check(signed(rows), rows[gone:], kept_from=gone)

    assert (len(report.faults), report.kept_from) == (faults, gone)
