"""``kaipiao mirror up``: a copy of somebody's log on this machine, kept up to date and served."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from kaipiao.app.clock import SystemClock
from kaipiao.app.journal import keep_journal
from kaipiao.app.open_server import listen, serve_openly, url_of
from kaipiao.base.durable import write_whole
from kaipiao.client.public_log import PublicLog
from kaipiao.evidence.disk import LocalDisk, in_thread
from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.mirror.copy import Copied, Copier, Progress, SourceRefused, in_silence
from kaipiao.evidence.mirror.shelf import NotSigned
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.reader import TilesDamaged
from kaipiao.evidence.walk import Spread, in_turn
from kaipiao.gateway.mirror import CopyState, MirrorApp

EXHIBITS_NAME = "refused"
LOG_NAME = "log"
LANES = 8
"""Requests at once: enough to hide a distance, few enough to be a good guest."""
PAUSE_MAX_S = 60.0
"""A source that is silent or damaged is asked again ever more rarely, down to this."""

_log = logging.getLogger(__name__)


class RunningMirror(msgspec.Struct, frozen=True, kw_only=True):
    """What a ready file says, and what people are told."""

    url: str
    source: str
    pid: int
    data: str


class Source:
    """A log in a folder or at an address.  Its address is found out at the first question."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._remote = PublicLog(where, lanes=LANES) if "://" in where else None
        self._is_found = False
        self._folder = Path(where)

    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError, OSError."""
        if self._remote is None:
            with _no_folder_is_no_file(name):
                return (self._folder / name).read_bytes()
        if not self._is_found:
            self._remote.checkpoint()
            self._is_found = True
        return self._remote.read(name)

    @property
    def is_far(self) -> bool:
        return self._remote is not None


async def run_mirror(
    where: str,
    keys: Sequence[VerifierKey],
    folder: Path,
    *,
    host: str,
    port: int,
    every_s: float,
    ready_file: Path | None = None,
    announce: Callable[[RunningMirror], None],
    progress: Progress = in_silence,
    stop: asyncio.Event | None = None,
) -> None:
    """Copy, follow and serve until SIGTERM, SIGINT, SIGHUP or ``stop``.

    Raises:
        FolderBusy, SettingsWrong, NotSigned: nothing started, or the folder holds another log.
    """
    stop = stop or asyncio.Event()
    with open_copier(where, keys, folder) as copier, listen(host, port) as listener:
        keep_journal(folder, "mirror")
        copier.shelf.held()
        follower = Follower(where, copier, every_s=every_s, progress=progress)
        exhibits = Exhibits(folder / EXHIBITS_NAME)
        app = MirrorApp(copier.shelf, keys, exhibits, lambda: follower.state)
        told = RunningMirror(url=url_of(listener), source=where, pid=os.getpid(), data=str(folder))

        def ready() -> None:
            if ready_file:
                write_whole(ready_file, msgspec.json.encode(told) + b"\n", mode=0o644)
            announce(told)

        following = asyncio.create_task(follower.run(stop))
        try:
            await serve_openly(app, listener, stop=stop, ready=ready)
            await following
        finally:
            _forget(ready_file)


def copy_once(
    where: str, keys: Sequence[VerifierKey], folder: Path, progress: Progress = in_silence
) -> Copied:
    """One step, and no more: for a timer.  Raises as ``Copier.advance``, and FolderBusy."""
    with open_copier(where, keys, folder) as copier:
        return copier.advance(progress)


@contextmanager
def open_copier(where: str, keys: Sequence[VerifierKey], folder: Path) -> Iterator[Copier]:
    """Raises FolderBusy: another mirror writes there."""
    source = Source(where)
    disk = LocalDisk(folder / LOG_NAME)
    disk.lock()
    try:
        with spread_for(source) as spread:
            yield Copier(
                source.read,
                disk,
                keys,
                exhibits=Exhibits(folder / EXHIBITS_NAME),
                clock=SystemClock(),
                spread=spread,
            )
    finally:
        disk.unlock()


@contextmanager
def spread_for(source: Source) -> Iterator[Spread]:
    """Several files at once from afar; one after the other from our own disk."""
    if not source.is_far:
        yield in_turn
        return
    with ThreadPoolExecutor(LANES, thread_name_prefix="mirror") as pool:
        yield pool.map


class Follower:
    """Looks at the source again and again; what goes wrong there never stops the serving."""

    def __init__(self, where: str, copier: Copier, *, every_s: float, progress: Progress) -> None:
        self._copier = copier
        self._every_s = every_s
        self._progress = progress
        self._clock = SystemClock()
        held = copier.shelf.held()
        self.state = CopyState(source=where, size=held[0].size if held else 0)

    async def run(self, stop: asyncio.Event) -> None:
        pause_s = self._every_s
        while not stop.is_set():
            is_well = await self._look()
            pause_s = self._every_s if is_well else min(max(2 * pause_s, 1.0), PAUSE_MAX_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    async def _look(self) -> bool:
        before = self.state
        try:
            copied = await in_thread(self._copier.advance, self._progress)
            self._change(size=copied.checkpoint.size, copied_at=self._clock.now())
        except SourceRefused as refused:
            self._change(trouble=str(refused), refused=refused.kind)
        except (NotSigned, TilesDamaged, OSError) as error:
            self._change(trouble=str(error) or repr(error), refused=before.refused)
        if self.state.trouble and self.state.trouble != before.trouble:
            _log.warning("%s: %s", before.source, self.state.trouble)
        return not self.state.trouble

    def _change(self, *, trouble: str = "", refused: str = "", **more: object) -> None:
        self.state = msgspec.structs.replace(self.state, trouble=trouble, refused=refused, **more)


def default_mirror_folder(environ: Mapping[str, str]) -> Path:
    home = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(environ.get("KAIPIAO_MIRROR_DATA") or f"{home}/kaipiao-mirror")


@contextmanager
def _no_folder_is_no_file(name: str) -> Iterator[None]:
    try:
        yield
    except (IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(name) from error


def _forget(ready_file: Path | None) -> None:
    if ready_file:
        ready_file.unlink(missing_ok=True)
