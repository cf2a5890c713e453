"""Read the whole log and believe nothing: what a mirror, an auditor or a doubtful operator runs.

The ordinary start looks at the right edge only.  This looks at the signature, every tile, every
entry, and at whether the log still begins with what an older checkpoint covered.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint
from kaipiao.evidence.fault import Fault, FaultCode
from kaipiao.evidence.merkle import is_consistent
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import Tile, parse_tile
from kaipiao.evidence.walk import Spread, Walk, in_turn

FAULTS_MAX = 1000
"""More are not listed: whoever has lost a disk knows it after a thousand names."""

Read = Callable[[str], bytes]


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """``size`` and ``root`` are the checkpoint's; ``entries_checked`` were found under the root."""

    size: int
    root: str  # base64, as the checkpoint writes it
    entries_checked: int
    faults: tuple[Fault, ...]
    log: str = ""
    since: int | None = None  # the size of the older checkpoint, where one was given

    @property
    def is_clean(self) -> bool:
        return not self.faults


def audit_log(
    read: Read,
    note: bytes,
    key: VerifierKey,
    *,
    since: Checkpoint | None = None,
    extra: Iterable[str] = (),
    spread: Spread = in_turn,
) -> Audited:
    """Audit the log whose newest checkpoint is ``note``.

    ``since`` is an older checkpoint that was already found to be signed; ``extra`` names further
    files to be held against the tree: partial tiles of sizes gone by.  ``read`` and ``spread``
    are as ``Walk`` wants them; three seconds for a million entries of a folder.

    Raises:
        OSError: the log could not be read to the end, which is no finding.
    """
    checkpoint, faults = _judge_note(note, key)
    if checkpoint is None:
        return Audited(size=0, root="", entries_checked=0, faults=tuple(faults))
    walk = Walk(read, checkpoint, spread=spread)
    faults += _limited(_all_faults(read, walk, checkpoint, since, extra))
    return Audited(
        log=checkpoint.origin,
        size=checkpoint.size,
        root=b64encode(checkpoint.root).decode(),
        entries_checked=walk.proven,
        faults=tuple(faults),
        since=since.size if since else None,
    )


def audit(read: Read, checkpoint: Checkpoint) -> list[Fault]:
    """Everything in the files that is not as the checkpoint says; nothing means all is well."""
    return _limited(Walk(read, checkpoint).faults())


def _all_faults(
    read: Read,
    walk: Walk,
    checkpoint: Checkpoint,
    since: Checkpoint | None,
    extra: Iterable[str],
) -> Iterator[Fault]:
    is_whole = True
    for fault in walk.faults():
        is_whole = False
        yield fault
    if since:
        yield from check_growth(read, since, checkpoint, is_whole=is_whole)
    yield from _check_forerunners(read, checkpoint.size, extra)


def _judge_note(content: bytes, key: VerifierKey) -> tuple[Checkpoint | None, list[Fault]]:
    try:
        note = parse_note(content.decode())
        checkpoint = parse_checkpoint(note.text)
    except ValueError as error:
        return None, [_of_checkpoint(FaultCode.CHECKPOINT_DAMAGED, str(error))]
    faults = []
    if checkpoint.origin != key.name:
        why = f"is of the log {checkpoint.origin!r}, the key of {key.name!r}"
        faults.append(_of_checkpoint(FaultCode.OTHER_LOG, why))
    standing = key.standing(note)
    if standing is Standing.UNSIGNED:
        faults.append(_of_checkpoint(FaultCode.UNSIGNED, f"has no signature by {key}"))
    if standing is Standing.FORGED:
        why = f"has a signature that claims to be by {key.name!r} and is not"
        faults.append(_of_checkpoint(FaultCode.FORGED, why))
    return checkpoint, faults


def check_growth(
    read: Read, old: Checkpoint, new: Checkpoint, *, is_whole: bool = True
) -> list[Fault]:
    """Whether ``new`` begins with all that ``old`` covered, proved from the tiles.

    Where they are not whole a failed proof tells nothing of history.
    """
    if new.size < old.size:
        why = f"covers {new.size} entries; a checkpoint of {old.size} is held"
        return [_of_checkpoint(FaultCode.ROLLED_BACK, why)]
    try:
        path = TileReader(read).consistency_path(old.size, new.size)
    except TilesDamaged:
        path, is_whole = [], False
    if is_consistent(old.size, old.root, new.size, new.root, path):
        return []
    if is_whole or old.size == new.size:
        why = f"does not begin with the {old.size} entries of the checkpoint that is held"
        return [_of_checkpoint(FaultCode.REWRITTEN, why)]
    why = f"cannot be proved to extend the checkpoint of {old.size}: the tiles are damaged"
    return [_of_checkpoint(FaultCode.GROWTH_UNPROVEN, why)]


def _check_forerunners(read: Read, size: int, names: Iterable[str]) -> Iterator[Fault]:
    """Partial tiles of sizes gone by hold the first bytes of the tile that is there now."""
    for name in names:
        tile = parse_tile(name)
        if tile is None or not 0 < tile.width < tile.in_tree(size).width:
            continue
        now = _newest(read, tile.in_tree(size))
        try:
            is_front = now is None or now.startswith(read(name))
        except FileNotFoundError:
            continue
        if not is_front:
            why = "is not the front of the tile that it grew into"
            yield Fault(FaultCode.DAMAGED, name, why)


def _newest(read: Read, tile: Tile) -> bytes | None:
    for name in (tile.name, tile.full.name):
        try:
            return read(name)
        except FileNotFoundError:
            continue
    return None  # which the walk has told


def _limited(faults: Iterator[Fault]) -> list[Fault]:
    found = list(islice(faults, FAULTS_MAX))
    if next(faults, None) is not None:
        found.append(Fault(FaultCode.TOO_MANY, "", f"has over {FAULTS_MAX} faults"))
    return found


def _of_checkpoint(code: FaultCode, why: str) -> Fault:
    return Fault(code, "checkpoint", why)
