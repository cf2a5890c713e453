"""Exhibits (物证): what a log's own key has signed and cannot be reconciled.

Each is a folder that speaks for itself:

    held.checkpoint     what we had seen, with the log's signature
    offered.checkpoint  what was offered later, with the log's signature
    offered.request     the whole request, if there was one: it holds the proof that failed
    about.json          kind, log, both sizes and roots, when

A ``fork`` proves by itself that the log broke its word: two roots for one size, or a larger tree
that did not begin with ours (a mirror has read all of it; ``offered.request`` holds the proof
that leads from another tree of our size).  A ``rollback``
is a smaller tree offered by a source that had shown a larger one.  ``unproven`` means that no
proof led from one to the other: a rewritten history, or somebody who sent a wrong proof.
"""

import os
import shutil
import threading
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint

EXHIBITS_MAX = 1000
"""Of each kind in one folder.  Beyond it the earliest stay: they are where it began."""
ABOUT_NAME = "about.json"
HELD_NAME = "held.checkpoint"
OFFERED_NAME = "offered.checkpoint"
REQUEST_NAME = "offered.request"
FILE_NAMES = frozenset({ABOUT_NAME, HELD_NAME, OFFERED_NAME, REQUEST_NAME})

Kind = Literal["fork", "rollback", "unproven"]


class Exhibit(msgspec.Struct, frozen=True, kw_only=True):
    """What ``about.json`` says.  Roots are base64, as in a checkpoint."""

    name: str
    kind: Kind
    origin: str
    held_size: int
    held_root: str
    offered_size: int
    offered_root: str
    received_at: datetime


class Exhibits:
    """One folder of them.  Every method may raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._one_at_a_time = threading.Lock()

    def keep(
        self,
        held: Checkpoint,
        held_note: str,
        offered: Checkpoint,
        offered_note: str,
        *,
        at: datetime,
        request: bytes = b"",
        kind: Kind | None = None,
    ) -> Exhibit | None:
        """Keep both, durably, once; None if they are kept already or there is no more room.

        ``kind`` is for whoever knows more than the two sizes tell.
        """
        about = _about(kind or _kind_of(held, offered), held, offered, at)
        files = {
            HELD_NAME: held_note.encode(),
            OFFERED_NAME: offered_note.encode(),
            REQUEST_NAME: request,
            ABOUT_NAME: msgspec.json.format(msgspec.json.encode(about)) + b"\n",
        }
        with self._one_at_a_time:
            if (self._folder / about.name).exists() or self._count(about.kind) >= EXHIBITS_MAX:
                return None
            self._write(about.name, {file: content for file, content in files.items() if content})
        return about

    def all(self) -> list[Exhibit]:
        """Oldest first."""
        abouts = [(self._folder / name / ABOUT_NAME).read_bytes() for name in self._names()]
        found = [msgspec.json.decode(about, type=Exhibit) for about in abouts]
        return sorted(found, key=lambda exhibit: (exhibit.received_at, exhibit.name))

    def file(self, name: str, file: str) -> bytes | None:
        """One file of an exhibit; None if there is none of this name."""
        if file not in FILE_NAMES or name not in self._names():
            return None
        path = self._folder / name / file
        return path.read_bytes() if path.exists() else None

    def _count(self, kind: Kind) -> int:
        return sum(name.startswith(kind) for name in self._names())

    def _names(self) -> list[str]:
        if not self._folder.exists():
            return []
        return [path.name for path in self._folder.iterdir() if "." not in path.name]

    def _write(self, name: str, files: Mapping[str, bytes]) -> None:
        """Beside its place first, then forced to the disk, then renamed: whole or not there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        beside = self._folder / f"{name}.new"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        for file, content in files.items():
            (beside / file).write_bytes(content)
            _force(beside / file)
        _force(beside)
        beside.rename(self._folder / name)
        _force(self._folder)


def _about(kind: Kind, held: Checkpoint, offered: Checkpoint, at: datetime) -> Exhibit:
    return Exhibit(
        name=_name_of(kind, held, offered),
        kind=kind,
        origin=held.origin,
        held_size=held.size,
        held_root=b64encode(held.root).decode(),
        offered_size=offered.size,
        offered_root=b64encode(offered.root).decode(),
        received_at=at,
    )


def _kind_of(held: Checkpoint, offered: Checkpoint) -> Kind:
    if held.size == offered.size:
        return "fork"
    return "rollback" if offered.size < held.size else "unproven"


def _name_of(kind: Kind, held: Checkpoint, offered: Checkpoint) -> str:
    """The same offer, made again, has the same name, whatever we hold by then: unless it forks."""
    key = compose_checkpoint(offered) + (compose_checkpoint(held) * (kind == "fork"))
    return f"{kind}-{offered.size}-{sha256(key.encode()).hexdigest()[:16]}"


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
