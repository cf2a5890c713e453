"""A program of a member, kept alive; what it says goes to the end of a file."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kaipiao.continuity import kept
from kaipiao.continuity.lab.clock import carried
from kaipiao.ledger.embedded import launch
from kaipiao.ledger.embedded.account import ENVIRONMENT, Account


class Kept(kept.Kept):
    """``role`` is what it does here; ``output`` what it says is appended to."""

    def __init__(
        self,
        role: str,
        command: Sequence[str],
        *,
        output: Path,
        environ: Mapping[str, str],
    ) -> None:
        super().__init__(role)
        self.role = role
        self._command = tuple(command)
        self._output = output
        self._environ = {**environ, **carried()}

    def __str__(self) -> str:
        return f"{self.role} (it says why in {self._output})"

    async def _start(self) -> asyncio.subprocess.Process:
        with self._output.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=self._environ,
                start_new_session=True,  # a Ctrl-C at the terminal is for the supervisor alone
            )


def as_account(account: Account, command: Sequence[str]) -> list[str]:
    """The same command, run by the account, and told to stop when we are killed."""
    how = [sys.executable, "-I", "-S", launch.__file__]
    return [*how, str(os.getpid()), str(account.uid), str(account.gid), *command]


ACCOUNT_ENVIRONMENT = {**ENVIRONMENT, "PYTHONUNBUFFERED": "1"}
