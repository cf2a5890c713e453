"""What a child process is told, and how it learns that nobody is left to tell it anything.

The supervisor writes one line into the child's standard input and then keeps the pipe open for
as long as it lives.  So secrets are in no argument list, and the end of the pipe, which the
kernel brings even when the supervisor is killed, means: stop.
"""

import os
import signal
import sys
import threading
import time

import msgspec

from kaipiao.app.settings import Settings

ORPHAN_STOP_S = 3.0
"""An orphan may finish what it is doing for so long; then it ends, whatever it is doing."""

READY = b"ready\n"

WIRE = 1
"""What supervisor and children say to each other, by number: another one whenever a supervisor and
a child of two releases would no longer understand each other (see ``app/releasing.py``)."""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """``dsn`` is the database as this child should open it.

    The rest is for ``serve`` only: its place among the workers, and file descriptors: the
    listening socket, what ``crowd.py`` shares, and what ``gateway/last_words.py`` needs.
    """

    settings: Settings
    dsn: str
    name: str
    place: int = 0
    listener: int = -1
    crowd: int = -1
    channel: int = -1
    memory: int = -1


def encode_orders(orders: Orders) -> bytes:
    """One line.  No child learns how to reach the database as the owner of its tables."""
    settings = msgspec.structs.replace(orders.settings, dsn_owner="")
    return msgspec.json.encode(msgspec.structs.replace(orders, settings=settings)) + b"\n"


def receive_orders() -> Orders:
    """Read our orders from standard input, and from then on end with whoever gave them."""
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    threading.Thread(target=_end_with_supervisor, name="supervisor", daemon=True).start()
    return orders


def say_ready() -> None:
    """Tell the supervisor that we do our work from now on."""
    os.write(1, READY)


def _end_with_supervisor() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_STOP_S)
    os._exit(1)
