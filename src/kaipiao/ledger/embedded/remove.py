"""Deleting the database of a scratch cell."""

import shutil
from pathlib import Path

from kaipiao.ledger.embedded.lock import SupervisorLock
from kaipiao.ledger.embedded.places import POINTER, find_home


def remove_database(folder: Path) -> None:
    """Delete the database of the cell in ``folder``, wherever it lies, for good.

    Raises:
        DatabaseWontStart: a supervisor is using it; nothing was deleted.
    """
    folder = folder.resolve()
    home = find_home(folder)
    if home is None:
        return
    lock = SupervisorLock(home / "supervisor.lock")
    lock.take()
    try:
        shutil.rmtree(home)
    finally:
        lock.give_back()
    if home.parent != folder:
        shutil.rmtree(home.parent)
        (folder / POINTER).unlink()
