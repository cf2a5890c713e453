"""A log as a cell grows it, its checkpoints as someone kept them, and what can befall it."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.writer import LogWriter
from tests.unit.evidence.fakes import MemoryOrder, StoppedClock, make_leaves, make_signer

SIGNER = make_signer()
VKEY = str(SIGNER.verifier)
SIZES = (1, 255, 300, 4_000, 66_000)
"""A checkpoint of each is kept; the last has tiles on three levels, full and partial."""


class Grown(NamedTuple):
    folder: Path
    kept: tuple[Path, ...]  # the checkpoints of all sizes, oldest first


async def grow_log(place: Path, *, sizes: tuple[int, ...] = SIZES) -> Grown:
    folder, kept = place / "log", []
    leaves, order = make_leaves(sizes[-1]), MemoryOrder()
    writer = LogWriter(
        order=order, heads=order.heads, disk=LocalDisk(folder), signer=SIGNER, clock=StoppedClock()
    )
    with writer:
        for size in sizes:
            order.commit(leaves[len(order.committed) : size])
            while await writer.advance():
                pass
            kept.append(place / f"{size}.checkpoint")
            shutil.copy(folder / CHECKPOINT_NAME, kept[-1])
    return Grown(folder, tuple(kept))


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # so that connections are kept
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one piece

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder as any file server would show it, which is all that the format asks for."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Grown], None]] = {
    "a byte of an entry is flipped": lambda log: flip(log.folder / "tile/entries/100", 1000),
    "a byte of a leaf tile is flipped": lambda log: flip(log.folder / "tile/0/007", 500),
    "a byte of a middle tile is flipped": lambda log: flip(log.folder / "tile/1/000", 4000),
    "a byte of the checkpoint is flipped": lambda log: flip(log.folder / CHECKPOINT_NAME, 24),
    "a leaf tile is missing": lambda log: (log.folder / "tile/0/200").unlink(),
    "entries are missing": lambda log: (log.folder / "tile/entries/000").unlink(),
    "the checkpoint is rolled back": lambda log: roll_back(log),
}
"""What each auditor must catch, being handed the newest checkpoint that was kept."""


def roll_back(log: Grown) -> None:
    """The log as it was once, genuine in every byte: only who kept a later checkpoint can tell."""
    shutil.copy(log.kept[-2], log.folder / CHECKPOINT_NAME)
    for name, width, each in (
        ("tile/0/015", 160, 32),
        ("tile/entries/015", 160, 34),
        ("tile/1/000", 15, 32),
    ):
        partial_tile = log.folder / f"{name}.p/{width}"
        if not partial_tile.exists():
            partial_tile.parent.mkdir(exist_ok=True)
            partial_tile.write_bytes((log.folder / name).read_bytes()[: width * each])


@contextmanager
def befallen(log: Grown, damage: Callable[[Grown], None], place: Path) -> Iterator[Grown]:
    """A copy of the log to which this happened."""
    folder = place / "damaged"
    shutil.copytree(log.folder, folder)
    try:
        damage(Grown(folder, log.kept))
        yield Grown(folder, log.kept)
    finally:
        shutil.rmtree(folder)
