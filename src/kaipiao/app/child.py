"""One child process, started again whenever it dies, until it is told to stop."""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from kaipiao.app.orders import READY
from kaipiao.continuity.kept import Kept
from kaipiao.continuity.release.program import environment_of

RENEW_WITHIN_S = 10.0
"""A successor that takes longer is waited for no more: others have to be renewed as well."""


class NotReady(Exception):
    """A process of another release did not do its work in time; it was ended."""


class Child(Kept):
    """``python -m module``, kept alive; ``program`` is the Python, and so the release, that runs.

    ``changed`` is called whenever it becomes ready (True) or is gone (False).
    """

    first_pause_s = 0.05

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
        super().__init__(name)
        self.program = program
        self._module = module
        self._orders = orders
        self._keep = tuple(keep)
        self._changed = changed
        self._ready = asyncio.Event()

    async def is_ready_within(self, seconds: float) -> bool:
        """Wait until it does its work."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        return self._ready.is_set()

    async def leave(self, within_s: float) -> None:
        """It has a follower: each of its callers has one more answer; then it ends by itself."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None or not self._ready.is_set():
            return
        process.send_signal(signal.SIGUSR1)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), within_s)

    async def renew(self, patience_s: float) -> None:
        """Ask it to finish and let its successor begin; returns when that one is ready, or late."""
        self._ready.clear()
        await self.end(patience_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), RENEW_WITHIN_S)

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self.program,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._keep,
            env=environment_of(self.program),
            start_new_session=True,  # a Ctrl-C at the terminal is for the supervisor alone
        )

    async def _live(self, process: asyncio.subprocess.Process) -> int:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(self._orders)
        if await process.stdout.readline() == READY:
            self._ready.set()
            self._changed(self, True)
        code = await process.wait()
        self._changed(self, False)
        return code
