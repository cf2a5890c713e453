"""Every seam of the system, in one room, a page for each subject.

A port is a promise made by something that can fail without us: a disk, a clock, another
company's server.  What is not here cannot fail on its own, so this is also the list
of everything the twin knows how to break.
"""

from kaipiao.ports.access import ApiKey, Directory, VerifyCounter
from kaipiao.ports.audit import AuditQuery, AuditTrail, Recorded
from kaipiao.ports.clock import Clock
from kaipiao.ports.delivery import Deliveries, DownloadLinks, Matcher, StandingOrders
from kaipiao.ports.imports import ImportRoom, Imports, SaleFile
from kaipiao.ports.ledger import (
    Confirmations,
    CreditBook,
    Entry,
    Erasures,
    Ledger,
    Outcome,
    Page,
    Tell,
    Uses,
)
from kaipiao.ports.log import (
    Announcement,
    Announcements,
    LeafOrder,
    SharedNotes,
    SignedHeads,
    TreeHead,
)
from kaipiao.ports.seals import Mark, Sealer, Seals

__all__ = [
    "Announcement",
    "Announcements",
    "ApiKey",
    "AuditQuery",
    "AuditTrail",
    "Clock",
    "Confirmations",
    "CreditBook",
    "Deliveries",
    "Directory",
    "DownloadLinks",
    "Entry",
    "Erasures",
    "ImportRoom",
    "Imports",
    "LeafOrder",
    "Ledger",
    "Mark",
    "Matcher",
    "Outcome",
    "Page",
    "Recorded",
    "SaleFile",
    "Sealer",
    "Seals",
    "SharedNotes",
    "SignedHeads",
    "StandingOrders",
    "Tell",
    "TreeHead",
    "Uses",
    "VerifyCounter",
]
