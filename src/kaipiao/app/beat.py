"""The ``work`` process says that it is alive, and whether it leads the log: for whoever looks."""

import os

from kaipiao.app.folder import CellFolder

BEAT_EVERY_S = 1.0
LEADS = b"leads\n"


def beat(folder: CellFolder, *, leads: bool = False) -> None:
    """The ``work`` process says that it is alive, once a second, and whether it leads the log."""
    path = folder.run / "work.beat"
    path.write_bytes(LEADS if leads else b"")
    os.utime(path)


def is_leading(folder: CellFolder) -> bool:
    """Whether this member, of those on one database, said last that it leads the log."""
    try:
        return (folder.run / "work.beat").read_bytes() == LEADS
    except OSError:
        return False
