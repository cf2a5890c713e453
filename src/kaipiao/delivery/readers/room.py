"""The reading room: strangers' documents are read in a child process, never beside an invoice.

Reading is work for the processor that holds Python's lock, and the document may be hostile.  So
a child of lower priority reads one at a time, within bounds of time and memory; a child that
overruns them all the same is killed, and the document is refused.  It starts when the first
document comes, and ends when none has come for a while, or with us.

    to the child    a document
    from the child  a ``Told`` (JSON); both in frames: 4 bytes of length, content
"""

import asyncio
import contextlib
import math
import os
import resource
import select
import struct
import sys
import time
from typing import IO

import msgspec

from kaipiao.base.unreadable import Unreadable
from kaipiao.errors import Outage

PATIENCE_S = 30.0
"""The child has a second of the processor, and may have to wait for it on a busy machine."""

HARD_CPU_S = 3
"""Where nothing in Python gets a word in, the kernel ends the child."""

IDLE_S = 60.0
NICENESS = 10
ANSWER_BYTES_MAX = 64 * 2**20
_NEEDED = ("PATH", "PYTHONPATH", "LANG", "LC_ALL")
"""Of our surroundings, what the child needs; whatever else is there is not for it to see."""
_LENGTH = struct.Struct(">I")


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A report, or why there is none."""

    report: msgspec.Raw = msgspec.Raw(b"")
    where: str = ""
    zh: str = ""
    en: str = ""


class ReadingRoom:
    """Opened in one event loop, and closed with ``close``."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._turn = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None

    async def read(self, document: bytes) -> bytes:
        """The report on a document, as JSON; others wait for their turn.

        Raises:
            Unreadable: the readers refuse it, or it brought the child down, twice.
            Outage: the machine is so busy that there was no answer in time.
        """
        async with self._turn:
            told = await self._ask(document)
        if told.en:
            raise Unreadable(told.where, zh=told.zh, en=told.en)
        return bytes(told.report)

    async def close(self) -> None:
        """End the child."""
        async with self._turn:
            await self._end()

    async def _ask(self, document: bytes) -> Told:
        """A child may end, having been idle, just as we ask; a second one settles it."""
        for _ in range(2):
            child = await self._living_child()
            try:
                async with asyncio.timeout(self._patience_s):
                    return await _exchange(child, document)
            except TimeoutError:
                await self._end()
                raise Outage("readers") from None
            except (OSError, EOFError, asyncio.IncompleteReadError):
                await self._end()
            except BaseException:  # whoever asked is gone, and half an answer is in the pipe
                await self._end()
                raise
        raise Unreadable(
            "",
            zh="读取该文件的进程被迫停止。正常发票不会如此, 请重新获取原始文件。",
            en="reading this had to be stopped, which no invoice brings about. Get the original "
            "file again.",
        )

    async def _living_child(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __name__,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=ANSWER_BYTES_MAX,
                env={name: os.environ[name] for name in _NEEDED if name in os.environ},
                start_new_session=True,  # a Ctrl-C at the terminal is not meant for it
            )
        return self._child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def _exchange(child: asyncio.subprocess.Process, document: bytes) -> Told:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.writelines((_LENGTH.pack(len(document)), document))
    await child.stdin.drain()
    (length,) = _LENGTH.unpack(await child.stdout.readexactly(_LENGTH.size))
    return msgspec.json.decode(await child.stdout.readexactly(length), type=Told)


def main() -> None:
    """The child: read what comes on standard input, answer on what was standard output."""
    os.nice(NICENESS)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints is no answer
    documents = os.fdopen(0, "rb", buffering=0)
    while select.select([documents], [], [], IDLE_S)[0]:
        length = _take(documents, _LENGTH.size)
        if len(length) < _LENGTH.size:
            return
        told = msgspec.json.encode(_told(_take(documents, _LENGTH.unpack(length)[0])))
        rest = memoryview(_LENGTH.pack(len(told)) + told)
        while rest:
            rest = rest[answers.write(rest) :]


def _told(document: bytes) -> Told:
    from kaipiao.delivery.readers.bounds import bounded
    from kaipiao.delivery.readers.report import read_report

    _end_after(HARD_CPU_S)
    try:
        with bounded():
            return Told(report=msgspec.Raw(msgspec.json.encode(read_report(document))))
    except Unreadable as refusal:
        return Told(where=refusal.where, zh=refusal.zh, en=refusal.en)


def _end_after(cpu_s: int) -> None:
    """Let the kernel end this process when it has used so much more of the processor."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY:
        soft = math.ceil(time.process_time()) + cpu_s
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _take(pipe: IO[bytes], size: int) -> bytes:
    """So many bytes, or fewer if the other side is gone."""
    pieces = []
    while size and (piece := pipe.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


if __name__ == "__main__":
    main()
