"""The supervisor's door for releases: a Unix socket in ``DIR/run/`` that only its user can open.

One request, one line of JSON; then lines come back, one a step, and the last says how it ended.
What was asked for goes on when the asker leaves: Ctrl-C at ``kaipiao release`` breaks nothing.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import msgspec

from kaipiao.continuity.release.said import Said, Say
from kaipiao.errors import Outage

ANSWER_WITHIN_S = 4_200.0
"""The longest step is a root over a large log (``READ_WITHIN_S``)."""

Act = Literal["apply", "rollback", "close", "finish"]


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``finish_after_h``: 0 = only when a person says so."""

    act: Act
    python: str = ""
    finish_after_h: float = 0.0


Serve = Callable[[Request, Say], Awaitable[None]]


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of the socket that is short enough for the kernel (107 bytes), whatever ours is."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def open_door(path: Path) -> socket.socket:
    """Raises OSError: the folder is not ours."""
    path.unlink(missing_ok=True)  # of a supervisor that was killed; we alone hold its lock
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(path) as name:
        door.bind(name)
        path.chmod(0o600)  # and nobody else can enter its folder at all (0700)
    door.listen()
    door.setblocking(False)
    return door


async def attend(door: socket.socket, serve: Serve) -> None:
    """Let askers in, until cancelled."""

    async def let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(said: Said) -> None:
            if not writer.is_closing():
                writer.write(msgspec.json.encode(said) + b"\n")

        with suppress(OSError, msgspec.DecodeError):
            request = msgspec.json.decode(await reader.readline(), type=Request)
            await asyncio.shield(asyncio.ensure_future(serve(request, say)))
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(let_in, sock=door)
    async with server:
        await server.serve_forever()


def ask(path: Path, request: Request) -> Iterator[Said]:
    """Every step as it is said.

    Raises:
        Outage: no supervisor is there, or it went away; what it had begun it will have put back,
            or gone on with: ``kaipiao release status`` says.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.settimeout(ANSWER_WITHIN_S)
            with _short(path) as name:
                caller.connect(name)
            caller.sendall(msgspec.json.encode(request) + b"\n")
            for line in caller.makefile("rb"):
                said = msgspec.json.decode(line, type=Said)
                yield said
                if said.is_over:
                    return
        except OSError as error:
            raise Outage(f"cell ({path.parent.parent})") from error
    raise Outage(f"cell ({path.parent.parent})")
