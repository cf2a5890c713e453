"""Seals (签章) of invoices: what is sealed, and how it stands.

A vendor signs a *statement*, and learns nothing of an invoice's content from it:

    kaipiao/seal/v1
    kaipiao.example/31-1            the log's origin
    26311000000000000042            the invoice's number
    2026-11-25T02:03:04.567890Z     when it was issued
    4711                            its place in the log
    <base64 of its leaf>            the salted digest that the log holds

Six lines of ASCII, each ended by a newline.  The leaf commits to number, instant, amounts and
content (``leaf.py``); without the salt it confirms no guess.  A receipt shows the same leaf, so
statement, mark and receipt together say who sealed what, without us.
"""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Literal

import msgspec

from kaipiao.fiscal.leaf import LEAF_BYTES
from kaipiao.fiscal.number import InvoiceNumber, Series, compose_number

STATEMENT = "kaipiao/seal/v1"

SealState = Literal["none", "waiting", "sealed", "resealing"]
"""``none``: this cell has no vendors.  ``resealing``: it was sealed by one no longer trusted."""

BreakerState = Literal["closed", "open", "half-open"]
BREAKER_STATES: tuple[BreakerState, ...] = ("closed", "open", "half-open")

VendorKind = Literal["sm2", "ed25519", "http"]

AskOutcome = Literal["sealed", "failed", "silent", "lied"]
"""How one question to a vendor ended.  ``failed``: an error or an answer that is none;
``silent``: nothing within its time; ``lied``: a signature that its key never made."""

LATENCY_MS: tuple[int, ...] = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700,
    1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 30_000, 60_000,
)  # fmt: skip
"""Upper ends of the classes in which latencies are counted; one more class holds what is longer."""


class Sealable(msgspec.Struct, frozen=True, gc=False):
    """What the log knows of one invoice, which is all that a seal says of it."""

    series: Series
    serial: int
    issued_at: datetime
    log_index: int
    leaf: bytes

    @property
    def number(self) -> InvoiceNumber:
        return compose_number(self.series, self.serial)


def compose_statement(origin: str, sealable: Sealable) -> bytes:
    """The bytes that a vendor signs for one invoice of the log called ``origin``."""
    assert len(sealable.leaf) == LEAF_BYTES
    issued_at = sealable.issued_at.astimezone(UTC).replace(tzinfo=None)
    lines = (
        STATEMENT,
        origin,
        sealable.number,
        f"{issued_at.isoformat(timespec='microseconds')}Z",
        str(sealable.log_index),
        b64encode(sealable.leaf).decode("ascii"),
    )
    return "".join(f"{line}\n" for line in lines).encode("ascii")


class Statement(msgspec.Struct, frozen=True):
    """A statement read back."""

    origin: str
    number: str
    issued_at: str
    log_index: str
    leaf: str  # base64


def parse_statement(data: bytes) -> Statement:
    """Raises ValueError: this is no statement of ours."""
    lines = data.decode("ascii").split("\n")
    if len(lines) != 7 or lines[0] != STATEMENT or lines[6]:
        raise ValueError(f"a statement has six lines and begins with {STATEMENT}")
    return Statement(*lines[1:6])


class SealKey(msgspec.Struct, frozen=True, kw_only=True):
    """The one key whose signatures are believed of a vendor, as its certificate has it."""

    vendor: str
    key_id: str  # SHA-256 of the certificate, hex
    algorithm: str  # the signatures' OID
    certificate: bytes  # X.509, DER


class SealLot(msgspec.Struct, frozen=True, kw_only=True):
    """A run of invoices, next to each other in the log, that is sealed by one question."""

    first_index: int
    count: int
    tries: int = 0


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Invoices that are in the log and not sealed, or not any more."""

    waiting: int
    oldest_s: float | None  # since when the oldest of them waits; None: none does


class SealMark(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor's signature over one invoice's statement."""

    key: SealKey
    sealed_at: datetime
    signature: bytes
    superseded_at: datetime | None = None
    superseded_why: str = ""


class SealStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How one invoice stands: its mark, if one holds, and those that held once, newest first."""

    state: SealState
    since: datetime | None = None
    mark: SealMark | None = None
    superseded: tuple[SealMark, ...] = ()


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor did in some time: questions by outcome, invoices, latencies, breaker."""

    asked: dict[AskOutcome, int] = {}
    invoices: int = 0  # sealed
    latencies: tuple[int, ...] = (0,) * (len(LATENCY_MS) + 1)  # of answers, by class
    state_s: dict[BreakerState, float] = {}


class BreakerReport(msgspec.Struct, frozen=True, kw_only=True):
    """How one sealer finds a vendor now."""

    state: BreakerState
    since_s: float
    said: str  # of the last failure


class VendorStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor, its last day's score, and how each sealer that lives finds it."""

    name: str
    kind: VendorKind
    key: SealKey
    distrusted_at: datetime | None
    distrusted_why: str
    distrusted_by: str
    lied_at: datetime | None  # the last time
    score: Score
    breakers: tuple[BreakerReport, ...]


def percentile_ms(latencies: tuple[int, ...], share: float) -> int | None:
    """The upper end of the class in which this share of all lies; None where nothing was counted.

    What is longer than the last class counts as twice its end.
    """
    total = sum(latencies)
    if not total:
        return None
    seen, ends = 0, (*LATENCY_MS, 2 * LATENCY_MS[-1])
    for end, count in zip(ends, latencies, strict=True):
        seen += count
        if seen >= share * total:
            return end
    return ends[-1]
