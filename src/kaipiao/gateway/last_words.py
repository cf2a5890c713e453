"""What a worker leaves behind, so that its callers are answered even if it is killed.

A process that is killed says nothing more, and the kernel hangs up on its callers.  So another
process (``app/last_words.py``) holds a copy of every connection, and a byte of shared memory
says what to do with it:

    IDLE        no request was read: hang up, or answer 503 if one has arrived since
    ASKED       a request is under way and not a byte of an answer was sent: answer 503
    ANSWERING   some of an answer is out, and anything added would spoil it: hang up

The byte is written before what it speaks of, so a kill between two instructions errs on the
side of hanging up.  Who repeats with the same key gets the right answer in each case.

A connection that cannot be handed over (no slot, a full socket) is served all the same.
"""

import asyncio
import mmap
import socket
import struct
from typing import Any

from kaipiao.gateway.protocol import PatientProtocol

SLOTS = 16_384
"""Connections of one worker that can be held for it; one byte each."""

IDLE, ASKED, ANSWERING = 0, 1, 2
HOLD, LET_GO = 0, 1
MESSAGE = struct.Struct("!BI")  # HOLD (with the connection) or LET_GO, and the slot
AGAIN_S = 0.01


class LastWords:
    """The worker's end: hands connections over, and keeps their bytes up to date."""

    def __init__(self, channel: socket.socket, memory: int) -> None:
        channel.setblocking(False)
        self._channel = channel
        self.states = mmap.mmap(memory, SLOTS)
        self._free = list(range(SLOTS))

    def hold(self, connection: int) -> int | None:
        """Have this connection held; its slot, or None if that is not possible now."""
        if not self._free:
            return None
        slot = self._free.pop()
        self.states[slot] = IDLE
        try:
            socket.send_fds(self._channel, [MESSAGE.pack(HOLD, slot)], [connection])
        except OSError:
            self._free.append(slot)
            return None
        return slot

    def let_go(self, slot: int) -> None:
        """The connection is closed on our side; only then does the caller see its end."""
        try:
            self._channel.send(MESSAGE.pack(LET_GO, slot))
        except BlockingIOError:
            asyncio.get_running_loop().call_later(AGAIN_S, self.let_go, slot)
            return
        except OSError:  # nobody holds anything any more
            pass
        self._free.append(slot)


class WatchedTransport(asyncio.Transport):
    """A transport that notes, before anything is written, that an answer has begun."""

    def __init__(self, transport: asyncio.Transport, states: mmap.mmap, slot: int) -> None:
        self._states = states
        self._slot = slot
        self._write = transport.write
        # All else is the transport's own, without a step in between.
        for name in _FORWARDED:
            setattr(self, name, getattr(transport, name))

    def write(self, data: Any) -> None:
        self._states[self._slot] = ANSWERING
        self._write(data)


_FORWARDED = (
    "abort",
    "close",
    "get_extra_info",
    "get_protocol",
    "is_closing",
    "pause_reading",
    "resume_reading",
    "set_protocol",
    "set_write_buffer_limits",
    "get_write_buffer_size",
    "write_eof",
)


class HeldProtocol(PatientProtocol):
    """A protocol whose connection is held by someone who outlives us."""

    words: LastWords
    _slot: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._slot = self.words.hold(transport.get_extra_info("socket").fileno())
        if self._slot is not None:
            transport = WatchedTransport(transport, self.words.states, self._slot)
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.note_asked()

    def on_response_complete(self) -> None:
        self.note_answered()
        super().on_response_complete()

    def note_asked(self) -> None:
        slot = self._slot
        # In a pipeline the answer before this one may be half out: leave it at that.
        if slot is not None and self.words.states[slot] == IDLE:
            self.words.states[slot] = ASKED

    def note_answered(self) -> None:
        if self._slot is not None:
            self.words.states[self._slot] = IDLE

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._slot is not None:
            self.words.let_go(self._slot)
            self._slot = None
