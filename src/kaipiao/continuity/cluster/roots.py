"""Whether each member's published log extends the last one that was seen here.

All members publish one log (ADR-0023), each from its own disk and some seconds apart.  The newest
checkpoint that was ever seen from this machine is kept, and at every look each member's is proved
against it from the tiles: a history that was rewritten, or lost its end, is told at once, whoever
leads by then.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.continuity.cluster.acts import home_here
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.evidence.audit import check_growth
from kaipiao.evidence.checkpoint import (
    CHECKPOINT_NAME,
    Checkpoint,
    compose_checkpoint,
    parse_checkpoint,
)
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.note import Standing, VerifierKey, parse_note, parse_vkey

ASK_TIMEOUT_S = 1.5
SEEN_FILE = "last-checkpoint"
"""In the cluster's folder: the three lines of a checkpoint whose signature was checked."""

Verdict = Literal["extends", "behind", "differs", "unproven", "not-asked"]
"""``behind``: it is the beginning of what was seen, as a member that catches up has it;
``unproven``: it is shorter, and whoever holds the rest could not be asked;
``differs``: neither, and no member may be believed until somebody knows why."""

Read = Callable[[str], bytes]
"""A file of the log by its name.  Raises FileNotFoundError, OSError."""


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """One member's log; ``size`` is None where it could not be asked."""

    member: str
    verdict: Verdict
    size: int | None = None


class Logs(msgspec.Struct, frozen=True, kw_only=True):
    """Every member's; ``seen_size``: of the checkpoint they were held against, None at first."""

    roots: list[Root]
    seen_size: int | None = None


class Told(NamedTuple):
    """A checkpoint that was found to be signed, and the files it is of."""

    checkpoint: Checkpoint
    read: Read


def look_at_logs(description: Description) -> Logs | None:
    """Ask every member, and keep the newest for the next time; None: no key to believe is here."""
    try:
        path = home_here(description).secrets / VKEY_NAME
        key = parse_vkey(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    seen = read_seen(description.folder)
    roots, keep = look_at_roots(description, key, seen)
    if keep is not None and keep != seen:
        write_seen(description.folder, keep)
    return Logs(roots=roots, seen_size=seen.size if seen else None)


def look_at_roots(
    description: Description,
    key: VerifierKey,
    seen: Checkpoint | None,
    *,
    reader: Callable[[Member], Read] | None = None,
) -> tuple[list[Root], Checkpoint | None]:
    """What each member publishes, and the newest that extends all that was seen (to be kept)."""
    open_log = reader or (lambda member: _reader(member, description.ports.http))
    members = description.with_data
    with ThreadPoolExecutor(max_workers=len(members)) as together:
        answers = together.map(lambda member: _ask(open_log(member), key), members)
        told = dict(zip((member.name for member in members), answers, strict=True))
    furthest = max((one for one in told.values() if one), key=_size, default=None)
    if furthest is None:
        return [_not_asked(name) for name in told], seen
    held = seen or furthest.checkpoint
    has_rest = None in told.values()
    roots = [
        Root(member=name, verdict=_judge(one, held, furthest, has_rest), size=one.checkpoint.size)
        if one
        else _not_asked(name)
        for name, one in told.items()
    ]
    is_sound = _judge(furthest, held, furthest, has_rest) == "extends"
    return roots, furthest.checkpoint if is_sound else held


def read_seen(folder: Path) -> Checkpoint | None:
    """The last one seen; None: there is none, or it cannot be read."""
    try:
        return parse_checkpoint((folder / SEEN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_seen(folder: Path, checkpoint: Checkpoint) -> bool:
    """False: not here (an operator without the right to write, a machine without the folder)."""
    try:
        write_whole(folder / SEEN_FILE, compose_checkpoint(checkpoint).encode(), mode=0o644)
    except OSError:
        return False
    return True


def _judge(told: Told, held: Checkpoint, furthest: Told, has_rest: bool) -> Verdict:
    """A shorter one is proved from the furthest tree, which must hold both beginnings.

    ``has_rest``: a member was not asked, and may hold what the others lack.
    """
    mine = told.checkpoint
    try:
        if mine.size >= held.size:
            return "differs" if check_growth(told.read, held, mine) else "extends"
        if furthest.checkpoint.size < held.size:
            return "unproven" if has_rest else "differs"
        return "differs" if check_growth(furthest.read, mine, furthest.checkpoint) else "behind"
    except (OSError, HTTPException):
        return "not-asked"  # it went away while it was asked


def _ask(read: Read, key: VerifierKey) -> Told | None:
    """Raises nothing: a checkpoint that the log's key did not sign is no answer."""
    try:
        note = parse_note(read(CHECKPOINT_NAME).decode())
        checkpoint = parse_checkpoint(note.text)
    except (OSError, HTTPException, ValueError):
        return None
    is_ours = key.standing(note) is Standing.SIGNED and checkpoint.origin == key.name
    return Told(checkpoint, read) if is_ours else None


def _size(told: Told) -> int:
    return told.checkpoint.size


def _not_asked(name: str) -> Root:
    return Root(member=name, verdict="not-asked")


def _reader(member: Member, port: int) -> Read:
    """Over HTTP, with a moment's patience in all: ``status`` is asked when things are bad."""
    until_s = time.monotonic() + 2 * ASK_TIMEOUT_S

    def read(name: str) -> bytes:
        if time.monotonic() > until_s:
            raise TimeoutError(name)
        line = HTTPConnection(member.address, port, timeout=ASK_TIMEOUT_S)
        try:
            line.request("GET", f"/log/{name}")
            answer = line.getresponse()
            if answer.status == HTTPStatus.NOT_FOUND:
                raise FileNotFoundError(name)
            if answer.status != HTTPStatus.OK:
                raise OSError(f"{name}: {answer.status}")
            return answer.read()
        finally:
            line.close()

    return read
