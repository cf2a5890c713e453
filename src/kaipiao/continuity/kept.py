"""A process that is started again whenever it dies, until it is told to stop.

What it is and how it is started is for those who inherit; here is when, and how it is ended.
"""

import asyncio
import logging
import signal
import time
from abc import ABC, abstractmethod
from contextlib import suppress

LAST_PAUSE_S = 5.0
STEADY_S = 10.0
"""Between restarts the pause doubles; a process that lived this long starts afresh."""

log = logging.getLogger(__name__)


class Kept(ABC):
    """One process, kept alive; ``deaths`` counts those that nobody asked for."""

    first_pause_s = 0.2

    def __init__(self, name: str) -> None:
        self.name = name
        self.deaths = 0
        self._process: asyncio.subprocess.Process | None = None
        self._began_s = 0.0
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process and process.returncode is None else None

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def age_s(self) -> float:
        """Since it was last started; 0 while it does not run."""
        return time.monotonic() - self._began_s if self.pid else 0.0

    async def run(self) -> None:
        """Keep it running; returns after ``stop``."""
        pause_s = self.first_pause_s
        while not self._stopping.is_set():
            began_s = self._began_s = time.monotonic()
            self._process = await self._start()
            if self._stopping.is_set():  # while it was being started, when nobody could end it
                self.kill()
            code = await self._live(self._process)
            if self._stopping.is_set():
                return
            self.deaths += 1
            is_steady = time.monotonic() - began_s > STEADY_S
            pause_s = self.first_pause_s if is_steady else min(2 * pause_s, LAST_PAUSE_S)
            log.warning("%s %s; starting it again in %.1f s", self, how(code), pause_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def stop(self, patience_s: float) -> None:
        """Ask it to finish, and after ``patience_s`` end it; it is not started again."""
        self._stopping.set()
        await self.end(patience_s)

    async def end(self, patience_s: float) -> None:
        """The same; its successor begins by itself."""
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

    def kill(self) -> None:
        """End it at once: for one that hears nothing any more."""
        if self._process and self._process.returncode is None:
            self._process.kill()

    def __str__(self) -> str:
        return self.name

    @abstractmethod
    async def _start(self) -> asyncio.subprocess.Process:
        """A new process, just started."""

    async def _live(self, process: asyncio.subprocess.Process) -> int:
        """Until it is gone; its exit code."""
        return await process.wait()


def how(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"
