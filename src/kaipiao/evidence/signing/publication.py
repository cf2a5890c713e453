"""What everyone may know of a log's keys, as files beside the log.

    log.vkeys                    every key it ever signed with, the newest origin's first
    origins.json                 which origin had which keys from when to when (``Period``)
    announcement/<leaf, hex>     what the log said of itself in an entry, such as a change of keys
    former/<key id>/checkpoint   the newest checkpoint under an origin that is going, or gone

None of it is believed for standing here: the entry is in the tree, and the statement is signed.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.evidence.signing.keyring import Period
from kaipiao.ports import Announcement

VKEYS = "log.vkeys"
ORIGINS = "origins.json"
ANNOUNCEMENT = "announcement"
_NAME = re.compile(
    rf"{re.escape(VKEYS)}|{re.escape(ORIGINS)}"
    rf"|{ANNOUNCEMENT}/[0-9a-f]{{64}}|former/[0-9a-f]{{8}}/checkpoint"
)


def publish_keys(
    folder: Path, periods: Sequence[Period], announcements: Sequence[Announcement]
) -> None:
    """Write what is missing or old.  All of it can be made again from the keys and the ledger."""
    vkeys = [vkey for period in reversed(periods) for vkey in period.vkeys]
    _publish(folder / VKEYS, "".join(f"{vkey}\n" for vkey in vkeys).encode())
    encoded = msgspec.json.format(msgspec.json.encode(periods), indent=2)
    _publish(folder / ORIGINS, encoded + b"\n")
    for one in announcements:
        _publish(folder / ANNOUNCEMENT / one.leaf.hex(), one.text.encode())


def read_about_keys(folder: Path, name: str) -> bytes | None:
    """One of these files by its name below the log's address; None if there is none.

    Raises:
        OSError: the folder cannot be read.
    """
    if not _NAME.fullmatch(name):
        return None
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        return None


def parse_periods(content: bytes) -> tuple[Period, ...]:
    """Read ``origins.json``.  Raises ValueError: it is none (``msgspec.DecodeError`` is one)."""
    return msgspec.json.decode(content, type=tuple[Period, ...])


def _publish(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content, mode=0o644)
