"""The workshop: one child process that makes renditions, so that nothing else waits for them.

Making a document is work for the processor, and some of it holds Python's lock for long.  The
child starts when the first rendition is asked for, runs at a lower priority, makes one at a
time, and ends when it has had nothing to do for a while, or when we do.

    to the child    its orders, then for each document a ``Job`` (msgpack)
    from the child  for each job a ``Made`` (msgpack); all in frames: 4 bytes of length, content
"""

import asyncio
import logging
import os
import select
import struct
import subprocess
import threading
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import msgspec

from kaipiao.delivery.renditions.make import CannotRender, Press
from kaipiao.delivery.renditions.source import Source
from kaipiao.errors import Outage

NICENESS = 10
MAKE_WITHIN_S = 30.0
"""The longest document takes about two seconds; a child that takes longer is stuck."""

IDLE_S = 120.0
"""A child with nothing to do for so long ends, and gives its memory back."""

FRAME_BYTES_MAX = 256 * 2**20
PIECE_BYTES = 2**20
_LENGTH = struct.Struct(">I")

_log = logging.getLogger(__name__)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    source: Source
    kind: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The document; or why there is none."""

    content: bytes = b""
    is_final: bool = True  # False: the signer did not answer; make it again another time
    cannot_zh: str = ""
    cannot_en: str = ""
    defect: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode_job = msgspec.msgpack.Decoder(Job).decode
_decode_made = msgspec.msgpack.Decoder(Made).decode


class Workshop:
    """``command`` starts a child that calls ``work``; ``orders`` are the first bytes it reads."""

    def __init__(self, command: Sequence[str], orders: bytes = b"") -> None:
        self._command = tuple(command)
        self._orders = orders
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="renditions")
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._changing = threading.Lock()

    async def make(self, job: Job) -> Made:
        """Make one document; others wait for their turn.

        Raises:
            CannotRender
            Outage: the child died over it, twice, or took too long.
        """
        loop = asyncio.get_running_loop()
        made = await loop.run_in_executor(self._thread, self._make, _encode(job))
        if made.cannot_en:
            raise CannotRender(zh=made.cannot_zh, en=made.cannot_en)
        if made.defect:
            raise RuntimeError(f"the workshop failed over a {job.kind}:\n{made.defect}")
        return made

    def close(self) -> None:
        """End the child.  What is being made is lost, and made again when it is asked for."""
        with self._changing:
            self._closed = True
            if self._child:
                self._child.kill()
        self._thread.shutdown(cancel_futures=True)
        if self._child:
            _end(self._child)

    def _make(self, job: bytes) -> Made:
        """A job does the same however often it is begun, so a child that died gets a successor."""
        for _ in range(2):
            child = self._living_child()
            try:
                return _exchange(child, job)
            except (OSError, EOFError) as error:
                _log.warning("the workshop's child %d is gone: %r", child.pid, error)
                self._child = None
                _end(child)
        raise Outage("renditions")

    def _living_child(self) -> "subprocess.Popen[bytes]":
        with self._changing:
            if self._closed:
                raise Outage("renditions")
            if self._child is None:
                self._child = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    bufsize=0,
                    start_new_session=True,  # a Ctrl-C at the terminal is not meant for it
                )
                assert self._child.stdin is not None
                write_frame(self._child.stdin, self._orders)
            return self._child


def _exchange(child: "subprocess.Popen[bytes]", job: bytes) -> Made:
    """Raises OSError or EOFError: the child is gone, or stuck."""
    assert child.stdin is not None
    assert child.stdout is not None
    write_frame(child.stdin, job)
    until = time.monotonic() + MAKE_WITHIN_S
    return _decode_made(read_frame(child.stdout, until))


def _end(child: "subprocess.Popen[bytes]") -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()
    child.kill()
    child.wait()


def work(jobs: IO[bytes], answers: IO[bytes], press: Press, *, idle_s: float = IDLE_S) -> None:
    """The child after it read its orders: make what is asked for, until nothing is."""
    os.nice(NICENESS)
    try:
        while select.select([jobs], [], [], idle_s)[0]:
            made = carry_out(_decode_job(read_frame(jobs)), press)
            write_frame(answers, _encode(made))
    except (EOFError, BrokenPipeError):  # whoever asked is gone
        return


def carry_out(job: Job, press: Press) -> Made:
    """Make it; whatever goes wrong is told, and does not end the child."""
    try:
        press.signer_was_away = False
        content = press.render(job.source, job.kind)
        return Made(content=content, is_final=not press.signer_was_away)
    except CannotRender as why:
        return Made(cannot_zh=why.zh, cannot_en=why.en)
    except Exception:
        return Made(defect=traceback.format_exc(limit=-5))


def write_frame(pipe: IO[bytes], content: bytes) -> None:
    rest = memoryview(_LENGTH.pack(len(content)) + content)
    while rest:
        rest = rest[pipe.write(rest) :]


def read_frame(pipe: IO[bytes], until: float | None = None) -> bytes:
    """Raises EOFError; TimeoutError after ``until``; OSError: what comes is no frame."""
    (length,) = _LENGTH.unpack(_read(pipe, _LENGTH.size, until))
    if length > FRAME_BYTES_MAX:
        raise OSError(f"it speaks of {length} bytes")
    return _read(pipe, length, until)


def _read(pipe: IO[bytes], size: int, until: float | None) -> bytes:
    pieces = []
    while size:
        left_s = None if until is None else max(0, until - time.monotonic())
        if not select.select([pipe], [], [], left_s)[0]:
            raise TimeoutError(f"no answer within {MAKE_WITHIN_S:.0f} s")
        piece = pipe.read(min(size, PIECE_BYTES))
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
