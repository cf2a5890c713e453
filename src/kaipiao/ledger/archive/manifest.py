"""What a file of the archive is, for whoever finds it without its database."""

from datetime import datetime

import msgspec

from kaipiao.ledger.archive.file import Sealed
from kaipiao.ledger.archive.parts import Contents, Part
from kaipiao.ledger.archive.proof import PublishedLeaves


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``FILE.archive.json``, beside the file."""

    format: str = "kaipiao archive 1"
    file: str
    bytes: int
    sha256: str
    part: str
    series: int
    first_serial: int
    last_serial: int
    batches: int
    invoices: int
    first_issued_at: datetime
    last_issued_at: datetime
    first_log_index: int
    last_log_index: int
    checkpoint: str  # the signed one under which every leaf was proved
    archived_at: datetime


def compose_manifest(
    part: Part, contents: Contents, sealed: Sealed, log: PublishedLeaves, now: datetime
) -> Manifest:
    assert contents.first_index is not None
    assert contents.last_index is not None
    return Manifest(
        file=part.file_name,
        bytes=sealed.size,
        sha256=sealed.sha256.hex(),
        part=part.name,
        series=part.series,
        first_serial=contents.first_serial,
        last_serial=contents.last_serial,
        batches=contents.batches,
        invoices=contents.invoices,
        first_issued_at=contents.first_at,
        last_issued_at=contents.last_at,
        first_log_index=contents.first_index,
        last_log_index=contents.last_index,
        checkpoint=log.note,
        archived_at=now,
    )
