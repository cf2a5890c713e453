"""One child process, started again whenever it dies, until it is told to stop."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from kaipiao.app.orders import READY
from kaipiao.continuity.release.program import environment_of

FIRST_PAUSE_S = 0.05
LAST_PAUSE_S = 5.0
STEADY_S = 10.0
"""Between restarts the pause doubles; a child that lived this long starts afresh."""
RENEW_WITHIN_S = 10.0
"""A successor that takes longer is waited for no more: others have to be renewed as well."""

log = logging.getLogger(__name__)


class NotReady(Exception):
    """A process of another release did not do its work in time; it was ended."""


class Child:
    """``python -m module``, kept alive; ``program`` is the Python, and so the release, that runs.

    ``changed`` is called whenever it becomes ready (True) or is gone (False).
    """

    def __init__(
        self,
        name: str,
        module: str,
        orders: bytes,
        *,
        keep: Sequence[int] = (),
        changed: Callable[["Child", bool], None],
        program: str = sys.executable,
    ) -> None:
        self.name = name
        self.program = program
        self.deaths = 0
        self._module = module
        self._orders = orders
        self._keep = tuple(keep)
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._ready = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def run(self) -> None:
        """Keep it running; returns after ``stop``."""
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._live_once()
            if self._stopping.is_set():
                return
            self.deaths += 1
            lived_s = time.monotonic() - started
            pause_s = FIRST_PAUSE_S if lived_s > STEADY_S else min(2 * pause_s, LAST_PAUSE_S)
            log.warning("%s %s; starting it again in %.1f s", self.name, _how(code), pause_s)
            await self._pause(pause_s)

    async def stop(self, patience_s: float) -> None:
        """Ask it to finish, and after ``patience_s`` end it."""
        self._stopping.set()
        await self._end(patience_s)

    async def is_ready_within(self, seconds: float) -> bool:
        """Wait until it does its work."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        return self._ready.is_set()

    async def renew(self, patience_s: float) -> None:
        """Ask it to finish and let its successor begin; returns when that one is ready, or late."""
        self._ready.clear()
        await self._end(patience_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), RENEW_WITHIN_S)

    async def _end(self, patience_s: float) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), patience_s)
        except TimeoutError:
            log.warning("%s did not stop within %.1f s and was ended", self.name, patience_s)
            process.kill()
            await process.wait()

    async def _live_once(self) -> int:
        process = await asyncio.create_subprocess_exec(
            self.program,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._keep,
            env=environment_of(self.program),
            start_new_session=True,  # a Ctrl-C at the terminal is for the supervisor alone
        )
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(self._orders)
        if await process.stdout.readline() == READY:
            self._ready.set()
            self._changed(self, True)
        code = await process.wait()
        self._changed(self, False)
        return code

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _how(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"
