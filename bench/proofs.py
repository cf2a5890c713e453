"""What proving costs: leaves made durable in the log, and receipts verified offline."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from bench.drafts import compose_draft
from kaipiao.app.clock import SystemClock
from kaipiao.base.canonical import canonical, digest
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.keys import Ed25519Signer
from kaipiao.evidence.published import PublishedLog, opening_of
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice
from kaipiao.fiscal.leaf import salt_of
from kaipiao.fiscal.number import compose_number, compose_series
from kaipiao.fiscal.settle import settle
from kaipiao.twin.heads import MemoryHeads
from kaipiao.twin.wire import ShortWire

BATCH = 1_000
ORIGIN = "kaipiao.bench/log"
LOG_SIZE = 4_096
"""Leaves in the log that receipts are made from: a path of twelve hashes."""


class MemoryOrder:
    """The order of a ledger (``ports.LeafOrder``), without the ledger."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self.committed = list(leaves)
        self.heads = MemoryHeads({}, ShortWire())

    async def sequence(self) -> int:
        return len(self.committed)

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        return self.committed[start : start + limit]


def compose_writer(folder: Path, order: MemoryOrder) -> tuple[LogWriter, str]:
    """A writer of a new log on the real disk, and the key that verifies it."""
    signer = Ed25519Signer(ORIGIN, bytes(32))
    writer = LogWriter(
        order=order, heads=order.heads, disk=LocalDisk(folder), signer=signer, clock=SystemClock()
    )
    return writer, str(signer.verifier)


def leaves_per_s(folder: Path, *, seconds: float) -> float:
    """Tiles and a signed checkpoint, forced to the disk, for every thousand leaves."""
    return asyncio.run(_leaves_per_s(folder, seconds))


async def _leaves_per_s(folder: Path, seconds: float) -> float:
    order = MemoryOrder()
    writer, _ = compose_writer(folder, order)
    fresh = [digest(number.to_bytes(8, "big")) for number in range(BATCH)]
    with writer:
        await writer.advance()
        began, written = perf_counter(), 0
        while perf_counter() - began < seconds:
            order.committed += fresh
            written += await writer.advance()
        return written / (perf_counter() - began)


def receipts_per_s(folder: Path, *, seconds: float, different: int = 256) -> float:
    """Receipts judged one after another in one process, as ``kaipiao verify`` judges them."""
    invoices = [compose_invoice(serial) for serial in range(LOG_SIZE)]
    leaves = [opening_of(invoice).leaf() for invoice in invoices]
    writer, vkey = compose_writer(folder, MemoryOrder(leaves))
    with writer:
        while asyncio.run(writer.advance()):
            pass
    log = PublishedLog(folder)
    receipts = [log.receipt(one) for one in invoices[:: LOG_SIZE // different]]
    began, judged = perf_counter(), 0
    while perf_counter() - began < seconds:
        for receipt in receipts:
            assert verify_receipt(receipt, vkey).is_genuine
        judged += len(receipts)
    return judged / (perf_counter() - began)


def compose_invoice(serial: int) -> Invoice:
    draft = compose_draft(serial)
    content = digest(canonical(draft))
    return Invoice(
        number=compose_number(compose_series(2026, 31, 1), serial + 1),
        issued_at=SystemClock().now(),
        key=IdempotencyKey(f"sale-{serial}"),
        digest=content,
        draft=draft,
        lines=settle(draft),
        log_index=serial,
        salt=salt_of(content, serial),
    )
