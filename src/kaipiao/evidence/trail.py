"""The audit log's receipts, and its whole truth: events held against the log that was signed.

A receipt is C2SP tlog-proof, as an invoice's is; its ``extra`` holds the event and its salt.  It
verifies offline with the audit log's public key.

``check_trail`` makes every leaf again from the rows that a cell hands out.  A row that was changed,
exchanged or taken away by whoever rules the database does not lead to the leaf that was signed, and
the witnesses hold the cell to what was signed.
"""

from collections.abc import Callable, Iterable
from typing import Annotated

import msgspec

from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint
from kaipiao.evidence.merkle import implied_root
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.proof import Proof, compose_proof, parse_proof
from kaipiao.evidence.proven import ProvenLeaves
from kaipiao.evidence.published import NOTES, PublishedLog
from kaipiao.fiscal.audit import EVENT_BYTES_MAX, AuditEvent, event_content, leaf_of_event
from kaipiao.fiscal.leaf import SALT_BYTES, Leaf

_Salt = Annotated[str, msgspec.Meta(pattern=rf"\A[0-9a-f]{{{2 * SALT_BYTES}}}\Z")]
FORGOTTEN = "audit.forget"


class EventOpening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an event's leaf was made of."""

    event: msgspec.Raw  # canonical
    salt: _Salt

    @property
    def content(self) -> bytes:
        return bytes(self.event)

    def leaf(self) -> Leaf:
        return leaf_of_event(self.content, bytes.fromhex(self.salt))


class EventVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """``event`` is what the receipt says: true only if nothing is in ``faults``."""

    faults: tuple[str, ...]  # in English, for people
    event: AuditEvent | None = None
    index: int | None = None
    size: int | None = None

    @property
    def is_genuine(self) -> bool:
        return not self.faults


class TrailFault(msgspec.Struct, frozen=True):
    index: int
    why: str


class TrailReport(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    kept_from: int  # events below were forgotten when their days were over
    checked: int
    faults: tuple[TrailFault, ...]


def event_receipt(log: PublishedLog, index: int, content: bytes, salt: bytes) -> str | None:
    """The receipt of an event, under the best note that covers it; None if none does yet.

    Raises:
        Outage: the log cannot be read.
    """
    notes = [found.content.decode() for name in NOTES if (found := log.file(name))]
    sizes = [parse_checkpoint(parse_note(note).text).size for note in notes]
    for note, size in zip(notes, sizes, strict=True):
        if index < size:
            path = tuple(log.tiles.inclusion_path(index, size))
            opening = EventOpening(event=msgspec.Raw(content), salt=salt.hex())
            return compose_proof(Proof(index, path, note, msgspec.json.encode(opening)))
    return None


def verify_event_receipt(text: str, key: VerifierKey) -> EventVerdict:
    """Judge a receipt offline, with nothing but the audit log's public key."""
    try:
        proof = parse_proof(text)
        note = parse_note(proof.note)
        checkpoint = parse_checkpoint(note.text)
        opening, event = _parse_opening(proof.extra or b"")
    except ValueError as error:
        return EventVerdict(faults=(f"this is no receipt of an audit event: {error}",))
    faults = []
    if checkpoint.origin != key.name or key.standing(note) is not Standing.SIGNED:
        faults.append(f"its checkpoint is not signed by {key}")
    if not _is_included(opening.leaf(), proof, checkpoint):
        faults.append("the event does not lead to the root that was signed")
    return EventVerdict(faults=tuple(faults), event=event, index=proof.index, size=checkpoint.size)


def check_trail(
    log: ProvenLeaves, rows: Iterable[tuple[int, bytes, str]], *, kept_from: Callable[[], int]
) -> TrailReport:
    """Hold ``rows`` (place, canonical event, salt in hex; in any order) against the signed log.

    ``kept_from`` is asked after the last row.

    Raises:
        TilesDamaged: the log itself does not hold together.
    """
    faults: list[TrailFault] = []
    seen: set[int] = set()
    forgotten_below = 0
    for index, content, salt in rows:
        if index >= log.size:
            continue  # written since; the next checkpoint covers it
        seen.add(index)
        fault, event = _check_row(log, index, content, salt)
        if fault:
            faults.append(TrailFault(index, fault))
        elif event is not None and event.action == FORGOTTEN:
            forgotten_below = max(forgotten_below, int(event.facts["through"]) + 1)
    first = kept_from()
    faults += _missing(seen, log.size, first, forgotten_below)
    return TrailReport(
        size=log.size,
        kept_from=first,
        checked=len(seen),
        faults=tuple(sorted(faults, key=lambda fault: fault.index)),
    )


def _check_row(
    log: ProvenLeaves, index: int, content: bytes, salt: str
) -> tuple[str, AuditEvent | None]:
    """What is wrong with a row, empty if nothing; and the event that it holds."""
    try:
        event = msgspec.json.decode(content, type=AuditEvent)
        leaf = leaf_of_event(content, bytes.fromhex(salt))
    except (ValueError, AssertionError):
        return "is no event any more", None
    [signed] = log.leaves(index, index + 1)
    if leaf != signed:
        return "is not the event that was signed", None
    return "", event


def _missing(seen: set[int], size: int, kept_from: int, forgotten_below: int) -> list[TrailFault]:
    faults = [TrailFault(n, "is missing") for n in range(kept_from, size) if n not in seen]
    if kept_from > forgotten_below:
        why = f"and all up to {kept_from - 1} are gone, and no event says that they were forgotten"
        faults.append(TrailFault(forgotten_below, why))
    return faults


def _parse_opening(extra: bytes) -> tuple[EventOpening, AuditEvent]:
    """Raises ValueError: it is none, or not in its one spelling."""
    opening = msgspec.json.decode(extra, type=EventOpening)
    if len(opening.content) > EVENT_BYTES_MAX:
        raise ValueError(f"an event has at most {EVENT_BYTES_MAX} bytes")
    event = msgspec.json.decode(opening.content, type=AuditEvent)
    if event_content(event) != opening.content or msgspec.json.encode(opening) != extra:
        raise ValueError("the event is not in its canonical spelling")
    return opening, event


def _is_included(leaf: bytes, proof: Proof, checkpoint: Checkpoint) -> bool:
    try:
        root = implied_root(leaf, index=proof.index, size=checkpoint.size, path=proof.path)
    except ValueError:
        return False
    return root == checkpoint.root
