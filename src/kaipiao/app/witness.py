"""``kaipiao witness up``: a witness on this machine, for anyone's logs."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from kaipiao.app.clock import SystemClock
from kaipiao.app.journal import keep_journal
from kaipiao.app.open_server import listen, serve_openly, url_of
from kaipiao.base.durable import write_whole
from kaipiao.evidence.cosignature import Cosigner
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.witness.identity import (
    NoWitness,
    OtherName,
    create_witness,
    open_witness,
    retire_witness,
)
from kaipiao.evidence.witness.memory import Memory
from kaipiao.evidence.witness.roster import Roster
from kaipiao.evidence.witness.witness import Witness
from kaipiao.gateway.witness import Watched, WitnessApp, watched

EXHIBITS_NAME = "evidence"


class RunningWitness(msgspec.Struct, frozen=True, kw_only=True):
    """What a ready file says, and what people are told."""

    url: str
    vkey: str
    pid: int
    data: str


async def run_witness(
    folder: Path,
    *,
    name: str | None,
    roster: Path,
    host: str,
    port: int,
    has_never_cosigned: bool = False,
    ready_file: Path | None = None,
    announce: Callable[[RunningWitness], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Run until SIGTERM, SIGINT, SIGHUP or ``stop``.

    Raises:
        FolderBusy, SettingsWrong, NoWitness, MemoryLost, OtherName, ValueError: nothing started.
    """
    disk = LocalDisk(folder)
    disk.lock()
    keep_journal(folder, "witness")
    cosigner, memory = open_or_create(folder, name, has_never_cosigned=has_never_cosigned)
    exhibits = Exhibits(folder / EXHIBITS_NAME)
    witness = Witness(
        cosigner=cosigner,
        memory=memory,
        roster=Roster(roster),
        exhibits=exhibits,
        clock=SystemClock(),
    )
    app = WitnessApp(witness, memory, exhibits)
    try:
        with listen(host, port) as listener:
            told = RunningWitness(
                url=url_of(listener), vkey=str(cosigner.key), pid=os.getpid(), data=str(folder)
            )

            def ready() -> None:
                if ready_file:
                    write_whole(ready_file, msgspec.json.encode(told) + b"\n", mode=0o644)
                announce(told)

            await serve_openly(app, listener, stop=stop or asyncio.Event(), ready=ready)
    finally:
        _forget(ready_file)
        memory.close()
        disk.unlock()


def open_or_create(
    folder: Path, name: str | None, *, has_never_cosigned: bool
) -> tuple[Cosigner, Memory]:
    """The witness there; a new one under ``name`` if there is none.

    Raises:
        NoWitness: there is none, and no name for a new one.
        OtherName, MemoryLost, ValueError: see ``identity``.
    """
    try:
        cosigner, memory = open_witness(folder, has_never_cosigned=has_never_cosigned)
    except NoWitness:
        if name is None:
            raise
        create_witness(folder, name)
        return open_witness(folder)
    if name not in (None, cosigner.key.name):
        memory.close()
        raise OtherName(f"the witness in {folder} is {cosigner.key.name}, not {name}")
    return cosigner, memory


class WitnessStatus(msgspec.Struct, frozen=True):
    vkey: str
    logs: list[Watched]


def read_status(folder: Path, roster: Path) -> WitnessStatus:
    """Of a witness that runs, or does not.  Raises NoWitness, MemoryLost, ValueError."""
    cosigner, memory = open_witness(folder)
    try:
        held, origins = memory.all_held(), Roster(roster).origins()
        return WitnessStatus(str(cosigner.key), watched(origins, held))
    finally:
        memory.close()


def retire_stopped(folder: Path) -> Path:
    """Where it lies now.  Raises FolderBusy: it runs; NoWitness."""
    if not folder.exists():
        raise NoWitness(f"there is no witness in {folder}")
    disk = LocalDisk(folder)
    disk.lock()
    try:
        return retire_witness(folder)
    finally:
        disk.unlock()


def default_witness_folder(environ: Mapping[str, str]) -> Path:
    """Beside a cell's, never inside it: a witness is somebody else."""
    home = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(environ.get("KAIPIAO_WITNESS_DATA") or f"{home}/kaipiao-witness")


def _forget(ready_file: Path | None) -> None:
    if ready_file:
        ready_file.unlink(missing_ok=True)
