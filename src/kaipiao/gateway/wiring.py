"""What the gateway needs from the rest of the house; ``app`` fills it in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from kaipiao.delivery.readers.room import ReadingRoom
from kaipiao.delivery.renditions.desk import Renditions
from kaipiao.evidence.cosigning.memory import Trouble, WitnessStanding
from kaipiao.fiscal.listing import ExportAsk
from kaipiao.gateway.limits import Limits
from kaipiao.gateway.orders import Outward
from kaipiao.issuing.confirm import Confirming
from kaipiao.issuing.erase import Erasing
from kaipiao.issuing.issue import Issuing
from kaipiao.issuing.reverse import Reversing
from kaipiao.issuing.verify import Verifying
from kaipiao.ports import AuditTrail, Clock, CreditBook, Directory, Imports, Ledger, Seals

State = Literal["up", "down", "unknown"]


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """What witnesses and a time-stamping authority have done for the log; null: nothing yet.

    `trouble` says why nothing is signed, `stamp_trouble` why nothing is stamped; null and "" if
    nothing is in the way.
    """

    witnessed_size: int | None = None
    witnessed_age_s: float | None = None
    stamped_size: int | None = None
    stamped_age_s: float | None = None
    trouble: Trouble | None = None
    stamp_trouble: str = ""
    witnesses: tuple[WitnessStanding, ...] = ()


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """How backups in one folder stand, as of `told_at`.

    `newest_at` is when the newest ended; `stream_lag_bytes` is what the server has written and the
    stream has not made durable there, null while nobody streams; all that was written until
    `whole_at` is there; `trouble` says why, or is "".
    """

    folder: str
    newest_at: datetime | None
    stream_lag_bytes: int | None
    told_at: datetime
    trouble: str = ""
    whole_at: datetime | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the cell is, as far as is known.  What nobody could tell is ``unknown`` or null."""

    ledger: State = "unknown"
    log: State = "unknown"
    worker: State = "unknown"  # what publishes the log, lapses forms, opens months
    log_size: int | None = None
    checkpoint_age_s: float | None = None
    oldest_pending_s: float | None = None  # the oldest leaf without a place in the log
    unsealed: int | None = None  # invoices that wait for a vendor's seal; null without vendors
    oldest_unsealed_s: float | None = None
    witnessed: Witnessed | None = None  # null without a witness policy
    backups: tuple[BackedUp, ...] = ()  # one a folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything behind the API."""

    issuing: Issuing
    reversing: Reversing
    confirming: Confirming
    verifying: Verifying
    ledger: Ledger
    credit: CreditBook
    directory: Directory
    imports: Imports
    clock: Clock
    health: Callable[[], Awaitable[Health]]
    version: str
    audit: AuditTrail | None = None  # None: nothing that must be written down can be done
    audit_folder: Path | None = None  # of the audit log's public files
    audit_vkey: str = ""
    erasing: Erasing | None = None  # None where nothing is erased
    outward: Outward | None = None  # None where nothing is delivered
    seals: Seals | None = None  # None where nothing is ever sealed
    log_origin: str = ""  # as seals name the log
    log_folder: Path | None = None  # of the public log; None where it is served from elsewhere
    log_vkey: str = ""  # its verifier key, C2SP signed-note
    former_vkeys: tuple[str, ...] = ()  # those it signed with before: old receipts stay good
    renditions: Renditions | None = None  # None where documents are made elsewhere
    export: Callable[[ExportAsk], AsyncIterator[bytes]] | None = None  # None: not from here
    reading_room: ReadingRoom | None = None  # None where strangers' documents are not read
    limits: Limits = field(default_factory=Limits)
    note_access: Callable[[bytes], None] | None = None  # takes whole lines of JSON
    cannot_go_on: Callable[[str], None] | None = None  # told why another process must take over
