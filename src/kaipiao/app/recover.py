"""The eyes and hands of ``kaipiao recover``: this machine's cell, and a cluster.

What cannot be looked at is said and is no finding: a cell whose database is away still has a
disk and certificates.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from kaipiao.app.audit import operating
from kaipiao.app.clock import SystemClock
from kaipiao.app.cluster_acts import reinit
from kaipiao.app.folder import CellFolder, Running, read_running
from kaipiao.app.probe import works
from kaipiao.client.client import Client
from kaipiao.client.problem import Problem, Unreachable
from kaipiao.client.retry import Budget
from kaipiao.continuity.cluster.acts import ActRefused, wait_until
from kaipiao.continuity.cluster.description import Description
from kaipiao.continuity.cluster.route import LOOPBACK
from kaipiao.continuity.cluster.view import ClusterView, look
from kaipiao.continuity.recovery.course import Step
from kaipiao.continuity.recovery.find import is_undecided
from kaipiao.continuity.recovery.in_cluster import find_moving
from kaipiao.continuity.recovery.perform import Line, Refused
from kaipiao.continuity.recovery.seen import CellSeen, Certificate, Disk, Done, Seen, VendorSeen
from kaipiao.errors import Outage
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.embedded.passwords import root_dsn
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.slots import Slot, drop_slot, read_slots
from kaipiao.seal.expiry import ends_at

JOURNAL = "recover.log"
CONFIRM_S = 3.0
SETTLE_S = 20.0
"""A server that cannot start has failed once more within this."""
GLANCE_EVERY_S = 0.5
REBUILT_WITHIN_S = 3600.0
REINIT_TRIES, REINIT_AGAIN_S = 4, 5.0
SERVES_WITHIN_S = 1.0
LATELY_LINES = 500
"""So much of the journal's end is read: far more than an hour may add."""
CERTIFICATES = ("seal.crt", "tls/ca.crt", "tls/member.pem")
T = TypeVar("T")


class Recovery:
    """``description``: the cluster to look at, if any; ``folder``: this machine's cell, if any."""

    def __init__(self, description: Description | None, folder: CellFolder | None) -> None:
        self._description = description
        self._folder = folder
        self._clock = SystemClock()

    def look(self) -> Seen:
        """What is there; a standby that just starts is watched until it runs or plainly does not,
        because Patroni tries again and again: each try looks like an ordinary start, and some
        look like silence.
        """
        first = seen = self._glance()
        until = time.monotonic() + SETTLE_S
        while is_undecided(seen) and time.monotonic() < until:
            time.sleep(GLANCE_EVERY_S)
            seen = self._glance()
        if first.cluster is None or seen.cluster is None or self._description is None:
            return seen
        return msgspec.structs.replace(
            seen,
            moving=find_moving(first.cluster, seen.cluster),
            serving=find_serving(self._description, seen.cluster),
        )

    def look_again(self) -> Seen:
        """Before an act: what is broken now may only have been restarting."""
        time.sleep(CONFIRM_S)
        return self.look()

    def _glance(self) -> Seen:
        return Seen(
            at=self._clock.now(),
            cluster=None if self._description is None else look(self._description),
            cell=None if self._folder is None else self._look_at_cell(self._folder),
            lately=read_lately(self.journal),
        )

    def do(self, step: Step) -> None:
        """As ``perform.Hands``; what touches the database or a member is in the audit log, too."""
        if step.act == "reinit":
            self._reinit(step.about)
        elif step.act == "drop-slot":
            self._with_audit(step, lambda running: _drop(running, step.about))
        elif step.act == "empty-renditions":
            assert self._folder is not None
            empty(self._folder.renditions)  # a full disk may keep the audit log from being written

    def write(self, line: Line) -> None:
        """One JSON line in the journal, durable.  Raises OSError: then nothing is done either."""
        assert self.journal is not None
        entry = {"at": self._clock.now(), **msgspec.to_builtins(line)}
        handle = os.open(self.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, msgspec.json.encode(entry) + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)

    @property
    def journal(self) -> Path:
        """Where it is written what was done and why."""
        if self._folder is not None:
            return self._folder.logs / JOURNAL
        assert self._description is not None
        return self._description.file.with_suffix(".recover.log")

    def _reinit(self, member: str) -> None:
        assert self._description is not None
        try:
            self._ask_reinit(self._description, member)
            wait_until(
                self._description,
                lambda view: view.member(member).is_in_quorum,
                timeout_s=REBUILT_WITHIN_S,
            )
        except ActRefused as refused:
            raise Refused(refused.en) from refused
        except Outage as outage:
            raise Refused(f"{outage.dependency} did not answer") from outage

    def _ask_reinit(self, description: Description, member: str) -> None:
        """Patroni refuses while it does something else, or knows no primary for a moment.

        Raises ActRefused: it went on refusing.  Raises Outage, OSError.
        """
        for left in range(REINIT_TRIES - 1, -1, -1):
            try:
                asyncio.run(reinit(description, member))
            except ActRefused:
                if not left:
                    raise
                time.sleep(REINIT_AGAIN_S)
            else:
                return

    def _with_audit(self, step: Step, act: Callable[[Running], Awaitable[None]]) -> None:
        running = None if self._folder is None else read_running(self._folder)
        if running is None:
            raise Refused("the cell does not run")
        try:
            asyncio.run(_audited(running, step, act))
        except Outage as outage:
            raise Refused(f"{outage.dependency} did not answer") from outage

    def _look_at_cell(self, folder: CellFolder) -> CellSeen:
        running = read_running(folder)
        answers = running is not None and works(running)
        unseen: list[str] = []
        slots: tuple[Slot, ...] = ()
        vendors: tuple[VendorSeen, ...] = ()
        # Our own server, or our own cluster's through the route; not one by its name.
        is_ours = running is not None and ("host=" in running.dsn or LOOPBACK in running.dsn)
        if running is not None and is_ours:
            slots = _or_say(lambda: asyncio.run(_slots(running)), slots, "slots", unseen)
        if running is not None and answers:
            vendors = _or_say(lambda: _vendors(running), vendors, "vendors", unseen)
        return CellSeen(
            path=str(folder.path),
            is_running=running is not None,
            works=answers,
            beat_s=self._beat_s(folder),
            disk=disk_of(folder),
            certificates=_certificates(folder),
            slots=slots,
            vendors=vendors,
            unseen=tuple(unseen),
        )

    def _beat_s(self, folder: CellFolder) -> float | None:
        try:
            beaten = (folder.run / "work.beat").stat().st_mtime
        except OSError:
            return None
        return self._clock.now().timestamp() - beaten


def find_serving(description: Description, view: ClusterView) -> frozenset[str]:
    """The members whose PostgreSQL takes a connection although their Patroni does not answer."""
    silent = (one for one in view.members if not one.is_reachable and one.role != "vote")
    port = description.ports.postgres
    return frozenset(one.name for one in silent if _takes_connections(one.address, port))


def _takes_connections(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=SERVES_WITHIN_S).close()
    except OSError:
        return False
    return True


class _Begun(msgspec.Struct):
    at: datetime
    outcome: str
    step: Step


def read_lately(journal: Path) -> tuple[Done, ...]:
    """The acts that were begun, by the journal's last lines; a line cut short is none."""
    try:
        lines = journal.read_bytes().splitlines()[-LATELY_LINES:]
    except FileNotFoundError:
        return ()
    begun = []
    for line in lines:
        with contextlib.suppress(msgspec.DecodeError):
            one = msgspec.json.decode(line, type=_Begun)
            if one.outcome == "asked":
                begun.append(Done(act=one.step.act, about=one.step.about, at=one.at))
    return tuple(begun)


def disk_of(folder: CellFolder) -> Disk:
    """The disk that the cell's folder lies on.  Raises OSError."""
    usage = shutil.disk_usage(folder.path)
    files = [path for path in folder.renditions.rglob("*") if path.is_file()]
    spare = sum(path.stat().st_blocks * 512 for path in files)
    return Disk(
        path=str(folder.path), total_bytes=usage.total, free_bytes=usage.free, spare_bytes=spare
    )


def empty(renditions: Path) -> None:
    """Remove the files; the folders stay, because somebody may just be writing into one."""
    for path in renditions.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)


async def _audited(running: Running, step: Step, act: Callable[[Running], Awaitable[None]]) -> None:
    pool = await Pool.open(running.dsn)
    try:
        trail, clock = AuditRows(pool), SystemClock()
        async with operating(trail, "cell.recover", step.about, clock=clock, act=step.act):
            await act(running)
    finally:
        await pool.close()


async def _drop(running: Running, name: str) -> None:
    pool = await Pool.open(root_dsn(running.dsn))
    try:
        await drop_slot(pool, name)
    finally:
        await pool.close()


async def _slots(running: Running) -> tuple[Slot, ...]:
    pool = await Pool.open(running.dsn)
    try:
        return await read_slots(pool)
    finally:
        await pool.close()


def _vendors(running: Running) -> tuple[VendorSeen, ...]:
    key = Path(running.key_file).read_text(encoding="ascii").strip()
    with Client(running.url, key, budget=Budget(0)) as cell:
        told = cell.seals.vendors().vendors
    return tuple(
        VendorSeen(
            name=one.name,
            is_away=bool(one.breakers) and all(b.state == "open" for b in one.breakers),
            said=one.breakers[0].said if one.breakers else "",
        )
        for one in told
    )


def _certificates(folder: CellFolder) -> tuple[Certificate, ...]:
    found = []
    for name in CERTIFICATES:
        path = folder.secrets / name
        if path.exists():
            found.append(Certificate(path=str(path), ends_at=ends_at(path.read_bytes())))
    return tuple(found)


def _or_say(ask: Callable[[], T], otherwise: T, what: str, unseen: list[str]) -> T:
    try:
        return ask()
    except (OSError, Outage, Problem, Unreachable) as failure:
        unseen.append(f"{what}: {failure}")
        return otherwise
