"""Whether files may share their bytes until one of them changes (reflinks: XFS, btrfs, bcachefs).

Then a restore copies nothing, and the backup stays what it was.
"""

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path

FICLONE = 0x4004_9409
"""Linux, ``linux/fs.h``: _IOW(0x94, 9, int)."""


def can_clone(source: Path, into: Path) -> bool:
    """Asked of the kernel with a file of the backup, which is only read."""
    label = source / "backup_label"
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=into.parent) as trial:
        handle = os.open(label, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(trial.fileno(), FICLONE, handle)
            return True
        finally:
            os.close(handle)
    return False
