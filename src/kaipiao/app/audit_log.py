"""The audit log's writer: the same as the invoices', on a folder and with a key of its own."""

from kaipiao.app.folder import CellFolder
from kaipiao.app.settings import Settings
from kaipiao.app.witnessing import WitnessedLog, Witnessing
from kaipiao.evidence.cosigning.memory import MemoryFile
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.keys import Ed25519Signer, open_key
from kaipiao.evidence.writer import LogWriter
from kaipiao.ledger.store import Store
from kaipiao.ports import Clock

ORIGIN_SUFFIX = "/audit"


def open_audit_key(folder: CellFolder, settings: Settings) -> Ed25519Signer:
    """The audit log's key, made now if there is none.  Raises ValueError: see ``open_key``."""
    return open_key(folder.audit_secrets, settings.log_origin + ORIGIN_SUFFIX)


def watched_audit_log(settings: Settings, store: Store) -> WitnessedLog:
    """The audit log, as witnesses are shown it."""
    folder = CellFolder(settings.data)
    memory = MemoryFile(folder.audit_witnesses)
    key = open_audit_key(folder, settings)
    return WitnessedLog(folder.audit, key, store.audit_order, memory, store.notes)


def compose_audit_writer(
    settings: Settings, store: Store, clock: Clock, witnessing: Witnessing | None = None
) -> LogWriter:
    folder = CellFolder(settings.data)
    return LogWriter(
        order=store.audit_order,
        heads=store.heads,
        disk=LocalDisk(folder.audit),
        signer=open_audit_key(folder, settings),
        clock=clock,
        before_signing=witnessing.first if witnessing else None,
    )
