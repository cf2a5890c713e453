"""The log: written by the real writer to a real disk, then read back by the audit."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import msgspec

from bench.proofs import BATCH, MemoryOrder, compose_invoice
from kaipiao.app.clock import SystemClock
from kaipiao.base.canonical import digest
from kaipiao.evidence.audit import audit_log
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, compose_checkpoint
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.note import compose_note
from kaipiao.evidence.published import PublishedLog, opening_of
from kaipiao.evidence.signing.files import FileSession
from kaipiao.evidence.signing.signers import LABELS, KeySigner, open_signers
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.invoice import Invoice
from kaipiao.fiscal.leaf import salt_of
from kaipiao.fiscal.number import compose_number, compose_series

ORIGIN = "kaipiao.bench/evidence"


class Rate(NamedTuple):
    wall_per_s: float
    cpu_us: float  # of all our threads, a leaf


class Log(NamedTuple):
    """A log of invoices that are here, too."""

    published: PublishedLog
    folder: Path
    invoices: Sequence[Invoice]
    signer: KeySigner


def new_signers(folder: Path, labels: Sequence[str] = LABELS) -> tuple[KeySigner, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    return open_signers(FileSession(folder), ORIGIN, labels)


def _writer(folder: Path, order: MemoryOrder, signers: tuple[KeySigner, ...]) -> LogWriter:
    return LogWriter(
        order=order,
        heads=order.heads,
        disk=LocalDisk(folder),
        signer=signers[0],
        more_signers=signers[1:],
        clock=SystemClock(),
    )


def write_rate(place: Path, labels: Sequence[str], *, seconds: float) -> Rate:
    """Tiles and a signed checkpoint, forced to the disk, for every thousand leaves."""
    return asyncio.run(_write_rate(place, labels, seconds))


async def _write_rate(place: Path, labels: Sequence[str], seconds: float) -> Rate:
    order = MemoryOrder()
    fresh = [digest(number.to_bytes(8, "big")) for number in range(BATCH)]
    with _writer(place / "log", order, new_signers(place / "keys", labels)) as writer:
        await writer.advance()
        began, cpu, written = perf_counter(), process_time(), 0
        while perf_counter() - began < seconds:
            order.committed += fresh
            written += await writer.advance()
        took_s, cpu_s = perf_counter() - began, process_time() - cpu
    return Rate(written / took_s, cpu_s / written * 1e6)


def signing_us(place: Path, labels: Sequence[str], *, seconds: float) -> float:
    """CPU of the signatures under one checkpoint, for each invoice of its thousand."""
    signers, count = new_signers(place, labels), 0
    began = process_time()
    while process_time() - began < seconds:
        checkpoint = Checkpoint(ORIGIN, count, digest(count.to_bytes(8, "big")))
        compose_note(compose_checkpoint(checkpoint), signers)
        count += 1
    return (process_time() - began) / count / BATCH * 1e6


def write_log(place: Path, *, size: int) -> Log:
    """A log of ``size`` invoices under one checkpoint with three signatures."""
    first = compose_invoice(0)
    numbers = compose_series(2026, 31, 1)
    invoices = [
        msgspec.structs.replace(
            first,
            number=compose_number(numbers, n + 1),
            log_index=n,
            salt=salt_of(first.digest, n),
        )
        for n in range(size)
    ]
    signers = new_signers(place / "keys")
    order = MemoryOrder([opening_of(invoice).leaf() for invoice in invoices])
    asyncio.run(_write_all(_writer(place / "log", order, signers)))
    return Log(PublishedLog(place / "log"), place / "log", invoices, signers[0])


async def _write_all(writer: LogWriter) -> None:
    with writer:
        while await writer.advance():
            pass


def audit_rate(log: Log, *, seconds: float) -> float:
    """Entries a second that ``kaipiao log audit`` reads of a folder, files and all."""
    disk, began, count = LocalDisk(log.folder), perf_counter(), 0
    while perf_counter() - began < seconds:
        found = audit_log(disk.read, disk.read(CHECKPOINT_NAME), log.signer.verifier)
        assert found.is_clean
        count += found.entries_checked
    return count / (perf_counter() - began)
