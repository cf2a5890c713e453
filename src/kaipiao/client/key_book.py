"""Keys that are made before the first try and kept: for sales that have no good name of their own.

A program that is killed between asking and hearing must ask again with the same key and the same
bytes, so both are on the disk before anything is sent.

    book = KeyBook(Path("keys.ndjson"))
    key = book.key_for("order-4711/shipment-2", draft)
    receipt = cell.issue(draft, key=key)
"""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from kaipiao.fiscal.draft import Draft

KEY_BYTES = 16


class _Kept(msgspec.Struct, frozen=True):
    name: str
    key: str
    sha256: str


class OtherBytes(ValueError):
    """This name has a key, and that key belongs to another draft."""


class KeyBook:
    """A file of names and keys, one a line, only ever appended to; several processes may share it.

    Whoever loses it may issue a sale twice: keep it where your own books are kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def key_for(self, name: str, draft: Draft) -> str:
        """The key of this sale: the one it was given first, or a new one, which is durable now.

        Raises:
            OtherBytes: the draft is not the one that the key was made for.
            OSError: the book cannot be read or written; nothing may be sent.
        """
        sha256 = hashlib.sha256(msgspec.json.encode(draft)).hexdigest()
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            for kept in _read(file):
                if kept.name == name and kept.sha256 != sha256:
                    raise OtherBytes(f"{name}: its key {kept.key} is of another draft")
                if kept.name == name:
                    return kept.key
            fresh = _Kept(name, os.urandom(KEY_BYTES).hex(), sha256)
            file.write(msgspec.json.encode(fresh) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._settle_folder()
        return fresh.key

    def _settle_folder(self) -> None:
        """A new file is safe only when its folder is."""
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(file: BinaryIO) -> list[_Kept]:
    """Whole lines; one that a crash has torn was never used, and is cut off."""
    file.seek(0)
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    file.truncate(len(whole))
    return [msgspec.json.decode(line, type=_Kept) for line in whole.splitlines()]
