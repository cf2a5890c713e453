"""One program, started again whenever it dies, until it is told to stop."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from kaipiao.ledger.embedded import launch
from kaipiao.ledger.embedded.account import ENVIRONMENT, Account

FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 5.0
STEADY_S = 10.0
"""Between restarts the pause doubles; a program that lived this long starts afresh."""

log = logging.getLogger(__name__)


class Kept:
    """A program that is kept alive; what it says goes to the end of ``output``."""

    def __init__(
        self,
        role: str,
        command: Sequence[str],
        *,
        output: Path,
        environ: Mapping[str, str],
    ) -> None:
        self.role = role
        self._command = tuple(command)
        self._output = output
        self._environ = dict(environ)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process and process.returncode is None else None

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    async def run(self) -> None:
        """Keep it running; returns after ``stop``."""
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._live_once()
            if self._stopping.is_set():
                return
            lived_s = time.monotonic() - began
            pause_s = FIRST_PAUSE_S if lived_s > STEADY_S else min(2 * pause_s, LAST_PAUSE_S)
            log.warning(
                "%s ended with %s; starting it again in %.1f s (it says why in %s)",
                *(self.role, code, pause_s, self._output),
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def stop(self, patience_s: float) -> None:
        """Ask it to finish, and after ``patience_s`` end it."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), patience_s)
        except TimeoutError:
            log.warning("%s did not stop within %.0f s and was ended", self.role, patience_s)
            process.kill()
            await process.wait()

    async def _live_once(self) -> int:
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=self._environ,
                start_new_session=True,  # a Ctrl-C at the terminal is for the supervisor alone
            )
        return await self._process.wait()


def as_account(account: Account, command: Sequence[str]) -> list[str]:
    """The same command, run by the account, and told to stop when we are killed."""
    how = [sys.executable, "-I", "-S", launch.__file__]
    return [*how, str(os.getpid()), str(account.uid), str(account.gid), *command]


ACCOUNT_ENVIRONMENT = {**ENVIRONMENT, "PYTHONUNBUFFERED": "1"}
