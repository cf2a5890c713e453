"""Standing in another network namespace: this thread, and the processes it starts meanwhile."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x4000_0000


@contextmanager
def standing_in(space: Path) -> Iterator[None]:
    """Home again afterwards: whoever ends the namespace ends those who stand in it."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        with space.open("rb") as there:
            _move(there.fileno())
        yield
    finally:
        _move(home)
        os.close(home)


def _move(network: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(network, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
