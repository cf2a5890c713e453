"""The supervisor holds a copy of its workers' connections, and speaks for a worker that died.

See ``gateway/last_words.py`` for what the bytes mean.  One ``Held`` for each worker's place; it
outlives the workers that come and go there.
"""

import asyncio
import contextlib
import mmap
import os
import resource
import socket
import tempfile

from kaipiao.app.stand_in import ANSWER
from kaipiao.gateway.last_words import ASKED, HOLD, IDLE, MESSAGE, SLOTS

LINGER_S = 1.0
"""How long a caller may take to read the last words, and to finish what it was sending."""

AT_ONCE = 64


def allow_many_files() -> None:
    """As many open files as this machine lets us have: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Held:
    """The connections of the worker in one place."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as we do
        self._file.truncate(SLOTS)
        self._states = mmap.mmap(self._file.fileno(), SLOTS)
        self._connections: dict[int, int] = {}
        self._lingering: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self._ours, self._listen, AT_ONCE)

    @property
    def channel(self) -> int:
        """For the worker: the end of the socket that it speaks into."""
        return self._theirs.fileno()

    @property
    def memory(self) -> int:
        """For the worker: the file of the shared bytes."""
        return self._file.fileno()

    def speak(self) -> None:
        """The worker is gone: answer whom it left without a word, and hang up on all."""
        self._listen(None)
        for slot, connection in self._connections.items():
            if self._is_owed_an_answer(slot, connection):
                task = asyncio.create_task(_tell(connection))
                self._lingering.add(task)
                task.add_done_callback(self._lingering.discard)
            else:
                os.close(connection)
        self._connections.clear()

    def _is_owed_an_answer(self, slot: int, connection: int) -> bool:
        """A request was under way, or had arrived and was not even read; and nothing was said."""
        state = self._states[slot]
        return state == ASKED or (state == IDLE and _has_arrived(connection))

    async def close(self) -> None:
        """After the last worker of this place is gone."""
        self.speak()
        if self._lingering:
            await asyncio.wait(self._lingering)
        asyncio.get_running_loop().remove_reader(self._ours)
        self._states.close()
        for end in (self._ours, self._theirs, self._file):
            end.close()

    def _listen(self, at_most: int | None) -> None:
        """Hear what the worker said; all that is there, or a fair share of it."""
        with contextlib.suppress(BlockingIOError):
            while at_most is None or at_most > 0:
                at_most = None if at_most is None else at_most - 1
                self._hear()

    def _hear(self) -> None:
        said, connections, _, _ = socket.recv_fds(
            self._ours, MESSAGE.size, 1, socket.MSG_CMSG_CLOEXEC
        )
        kind, slot = MESSAGE.unpack(said)
        # A slot that we still hold was lost to us by a full table of files: let go of it first.
        if (old := self._connections.pop(slot, None)) is not None:
            os.close(old)
        if kind == HOLD and connections:
            self._connections[slot] = connections[0]


def _has_arrived(descriptor: int) -> bool:
    """Whether there are bytes that nobody read."""
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except OSError:
            return False


async def _tell(descriptor: int) -> None:
    """Say the last words; then wait for the caller to hang up, because closing on bytes that it
    is still sending would take the words back."""
    loop = asyncio.get_running_loop()
    with socket.socket(fileno=descriptor) as connection:
        connection.setblocking(False)
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            connection.send(ANSWER)
            connection.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(LINGER_S):
                while await loop.sock_recv(connection, 65_536):
                    pass
