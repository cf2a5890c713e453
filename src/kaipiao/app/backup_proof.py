"""What a restored cell's two logs say, held against what was published before it was lost."""

from collections.abc import Iterable
from contextlib import aclosing
from datetime import datetime
from pathlib import Path

import msgspec

from kaipiao.app.audit_log import open_audit_key
from kaipiao.app.folder import CellFolder
from kaipiao.app.log_keys import open_log_keys
from kaipiao.app.settings import Settings
from kaipiao.continuity.backup.prove import Proof, Told, prove, read_told
from kaipiao.continuity.backup.saying import Say, progress_of
from kaipiao.evidence.note import VerifierKey
from kaipiao.ledger.archive.shelf import Shelf as ArchiveShelf
from kaipiao.ledger.audit import AuditOrder
from kaipiao.ledger.leaf_runs import audit_leaves, invoice_leaves
from kaipiao.ledger.order import Order
from kaipiao.ledger.pool import Pool


class Proofs(msgspec.Struct, frozen=True, kw_only=True):
    """Of the invoices' log, and of the audit log."""

    log: Proof
    audit: Proof


class Words(msgspec.Struct, frozen=True):
    """The largest trees that are known to have been told of."""

    log: Told
    audit: Told


def keys_of(settings: Settings, *, now: datetime) -> list[VerifierKey]:
    """Every key with which the invoices' log of this cell was ever signed."""
    keyring = open_log_keys(CellFolder(settings.data), settings, now=now)
    return [period.key for period in keyring.periods]


def read_words(settings: Settings, seen: Iterable[Path], *, now: datetime) -> Words:
    """What was carried along, in the restored folder and in each of ``seen``.

    Raises:
        ValueError: a checkpoint that is there was not signed by this cell's keys.
    """
    folder = CellFolder(settings.data)
    places = [folder.path, *seen]
    audit_key = open_audit_key(folder, settings).verifier
    return Words(
        log=read_told((place / "evidence" for place in places), keys_of(settings, now=now)),
        audit=read_told((place / "audit" for place in places), [audit_key]),
    )


async def prove_both(settings: Settings, dsn: str, words: Words, say: Say) -> Proofs:
    """Make both roots again from the ledger.  Raises Outage."""
    pool = await Pool.open(dsn)
    try:
        shelf = ArchiveShelf(pool, CellFolder(settings.data).archive)
        size = await Order(pool, shelf).sequence()
        async with aclosing(invoice_leaves(pool, shelf)) as leaves:
            log = await prove(leaves, size, words.log, progress_of(say, "prove"))
        events = await AuditOrder(pool).sequence()
        async with aclosing(audit_leaves(pool)) as leaves:
            audit = await prove(leaves, events, words.audit)
    finally:
        await pool.close()
    return Proofs(log=log, audit=audit)
