"""The live feed's files and its Envoy: one folder, two writers, nothing that a crash could halve.

``kaipiao shadow mirror`` says how much is copied, and the run says where the shadow is now; both
hold the folder's lock, write ``mirror.json``, and make Envoy's files of it anew.  Each file is
replaced by a rename, which Envoy watches for: connections stay, and no call is lost.
"""

import asyncio
import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.continuity.cluster.route import route_command
from kaipiao.continuity.shadow.cell import end_holder
from kaipiao.continuity.shadow.mirror import ADMIN, compose_bootstrap, compose_files
from kaipiao.continuity.shadow.plan import Elsewhere

FIRST_PAUSE_S = 0.5
LAST_PAUSE_S = 10.0
STOP_WITHIN_S = 5.0
ANSWER_WITHIN_S = 2.0

_COUNTED = re.compile(r"cluster\.shadow\.([a-z0-9_]+): (\d+)")


class Feed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``shadow`` is where copies go, and empty while there is none to take them."""

    share_bp: int = 0
    shadow: str = ""
    key_file: str = ""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """Since this Envoy began.  ``left_out``: the shadow had too many unanswered, or was away."""

    sent: int
    answered: int
    left_out: int


class RouteFolder:
    """``DIR/shadow/route``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bootstrap = path / "envoy.json"
        self.said = path / "envoy.log"
        self.lock = path / "route.lock"
        self.envoys = path / "envoy.lock"
        self._feed = path / "mirror.json"

    def feed(self) -> Feed:
        try:
            return msgspec.json.decode(self._feed.read_bytes(), type=Feed)
        except FileNotFoundError:
            return Feed()

    def set_share(self, share_bp: int) -> Feed:
        """How much is copied, in 1/10,000.  Raises OSError: it is not our folder."""
        with self._alone():
            return self._keep(msgspec.structs.replace(self.feed(), share_bp=share_bp))

    def point(self, place: Elsewhere | None) -> Feed:
        """Where copies go; None: nowhere."""
        url, key_file = (place.url, place.key_file) if place else ("", "")
        with self._alone():
            feed = self.feed()
            then = msgspec.structs.replace(feed, shadow=url, key_file=key_file)
            return feed if then == feed else self._keep(then)

    def prepare(self, *, host: str, port: int, cells: Sequence[str]) -> None:
        """Everything that Envoy reads when it begins."""
        with self._alone():
            settings = compose_bootstrap(self.path, host=host, port=port, cells=cells)
            write_whole(self.bootstrap, msgspec.json.encode(settings) + b"\n")
            self._keep(self.feed())

    def copied(self) -> Copied | None:
        """None: no Envoy of ours runs here."""
        import httpx

        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # By a name that is short enough for the kernel (107 bytes), whatever ours is.
            there = httpx.HTTPTransport(uds=f"/proc/self/fd/{folder}/{ADMIN}")
            with httpx.Client(transport=there, timeout=ANSWER_WITHIN_S) as http:
                text = http.get("http://envoy/stats", params={"filter": "^cluster.shadow."}).text
        except httpx.HTTPError:
            return None
        finally:
            os.close(folder)
        counted = {name: int(count) for name, count in _COUNTED.findall(text)}
        left_out = ("upstream_rq_pending_overflow", "upstream_cx_none_healthy")
        return Copied(
            sent=counted.get("upstream_rq_total", 0),
            answered=counted.get("upstream_rq_completed", 0),
            left_out=sum(counted.get(name, 0) for name in left_out),
        )

    def _keep(self, feed: Feed) -> Feed:
        """A shadow that is there gets its key first, one that goes loses its address first."""
        write_whole(self._feed, msgspec.json.encode(feed) + b"\n")
        files = compose_files(share_bp=feed.share_bp, shadow=feed.shadow, key_file=feed.key_file)
        for name in sorted(files, reverse=not feed.shadow):
            write_whole(self.path / name, msgspec.json.encode(files[name]) + b"\n")
        return feed

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


async def run_route(folder: RouteFolder, envoy: Path) -> None:
    """Keep Envoy running until cancelled.  Whoever calls holds ``folder.lock``."""
    pause_s = FIRST_PAUSE_S
    while True:
        await asyncio.to_thread(end_holder, folder.envoys)  # of a supervisor that was killed
        process = await _begin(folder, envoy)
        try:
            await process.wait()
        finally:
            await _end(process)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LAST_PAUSE_S)


async def _begin(folder: RouteFolder, envoy: Path) -> asyncio.subprocess.Process:
    """It holds a lock of its own for as long as it lives, whatever becomes of us."""
    (folder.path / ADMIN).unlink(missing_ok=True)
    lock = os.open(folder.envoys, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with folder.said.open("wb") as said:  # only what it says of this life
            process = await asyncio.create_subprocess_exec(
                *route_command(envoy, folder.bootstrap),
                cwd=folder.path,  # the socket's name is relative: an absolute one may be too long
                stdin=asyncio.subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                pass_fds=(lock,),
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(process.pid).encode(), 0)
        return process
    finally:
        os.close(lock)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
        return
    process.kill()
    await process.wait()
