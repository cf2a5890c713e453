"""``kaipiao restore --shorter``: a cell goes on with less than it had told, under another log.

1. ask        the witnesses, what the most was that they saw
2. keys       those of the closed log go to ``secrets/closed/``, and sign nothing any more
3. statement  signed by the keys that go and by the keys that come, an entry of the new log
4. numbers    whatever the lost part may have given out is left out
5. folders    what was published stays in ``closed/``, as it was

The folder is still marked as being restored: broken off anywhere, all of it begins anew.
"""

import asyncio
import base64
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kaipiao.app.audit import compose, operator
from kaipiao.app.audit_log import open_audit_key
from kaipiao.app.backup_proof import Proofs, Words
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder
from kaipiao.app.log_keys import open_log_keys
from kaipiao.app.settings import Settings
from kaipiao.app.witnessing import policy_of
from kaipiao.base.durable import write_whole
from kaipiao.continuity.backup.prove import Proof, Told
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.signing.change import announcement_leaf
from kaipiao.evidence.signing.closing import Ending, compose_closing, origin_after
from kaipiao.evidence.signing.keyring import LATER_KEYS, ORIGINS_NAME
from kaipiao.fiscal.month import beijing_day
from kaipiao.ledger.announcements import AnnouncementBoard
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.skipping import skip_numbers

CLOSED = "closed"
STATEMENTS = ("statement", "audit-statement")


class Seen(msgspec.Struct, frozen=True):
    """What the witnesses said before anything was signed: a line each, and the largest tree."""

    lines: tuple[str, ...]
    most: Told


async def ask_witnesses(settings: Settings, key: VerifierKey, told: Told) -> Seen:
    """What each has cosigned of the log of this key; ``told`` is what we know ourselves.

    A witness that is silent keeps nobody from anything here, because the old key signs no tree any
    more; it is named, and what it saw may be more than the statement says.
    """
    policy = policy_of(settings)
    if policy is None:
        return Seen((), told)
    from kaipiao.evidence.cosigning.desk import Desk, WitnessSilent, open_http

    lines, most = [], told
    async with open_http() as http:
        for witness in policy.witnesses.values():
            if not witness.url:
                continue
            try:
                shown = await Desk(witness, http).last_cosigned(key)
            except WitnessSilent:
                lines.append(f"{witness.name} silent")
                continue
            lines.append(f"{witness.name} {shown.size if shown else 0}")
            if shown and shown.size > most.size:
                most = Told("witnessed", shown)
    return Seen(tuple(lines), most)


async def begin_new_log(
    settings: Settings, app: str, owner: str, proofs: Proofs, words: Words, *, reason: str
) -> Settings:
    """Close both logs and begin new ones; the cell's settings from now on.

    ``app`` and ``owner`` are the addresses of the running, restored database.

    Raises:
        ValueError: the reason will not do.
        Outage: the database went away.
    """
    folder, clock = CellFolder(settings.data), SystemClock()
    keyring = open_log_keys(folder, settings, now=clock.now())
    old, old_audit = keyring.signers(), [open_audit_key(folder, settings)]
    seen = await ask_witnesses(settings, keyring.newest.key, words.log)
    after = msgspec.structs.replace(settings, log_origin=origin_after(settings.log_origin))
    await asyncio.to_thread(_close_folders, folder, keyring.newest.key)
    new = open_log_keys(folder, after, now=clock.now()).signers()
    new_audit = [open_audit_key(folder, after)]
    texts = [
        compose_closing(
            ending, old=goes, new=comes, at=clock.now(), reason=reason, asked=seen.lines
        )
        for ending, goes, comes in (
            (_ending(keyring.newest.origin, proofs.log, seen.most), old, new),
            (_ending(old_audit[0].name, proofs.audit, words.audit), old_audit, new_audit),
        )
    ]
    for name, text in zip(STATEMENTS, texts, strict=True):
        write_whole(folder.path / CLOSED / name, text.encode(), mode=0o644)
    _write_setting(folder.path / "config.json", "log_origin", after.log_origin)
    await _enter(app, owner, texts, reason, after.log_origin)
    return after


async def _enter(app: str, owner: str, texts: Sequence[str], reason: str, origin: str) -> None:
    """Statements into the new log, the act into the audit log, the numbers out of reach."""
    clock = SystemClock()
    pool = await Pool.open(owner)
    try:
        await skip_numbers(pool, year=beijing_day(clock.now()).year)
    finally:
        await pool.close()
    pool = await Pool.open(app)
    try:
        board = AnnouncementBoard(pool)
        for text in texts:
            await board.add(announcement_leaf(text), text)
        event = compose(
            "log.close",
            origin,
            actor=operator(),
            clock=clock,
            stage="noted",
            facts={"reason": reason.strip()},
        )
        await AuditRows(pool).append([event])
    finally:
        await pool.close()


def _ending(origin: str, proof: Proof, told: Told) -> Ending:
    root = told.checkpoint.root if told.checkpoint else b""
    return Ending(
        log=origin,
        kept=proof.leaves,
        kept_root=base64.b64encode(bytes.fromhex(proof.root)).decode(),
        told=told.size,
        told_root=base64.b64encode(root).decode(),
    )


def _close_folders(folder: CellFolder, key: VerifierKey) -> None:
    """Keys and published words of the closed logs, out of the way of the new ones."""
    secrets = folder.secrets / CLOSED / key.key_id.hex()
    secrets.mkdir(parents=True, mode=0o700)
    names = (ORIGINS_NAME, LATER_KEYS, "audit")
    for path in [*folder.secrets.glob("log.*key"), *(folder.secrets / name for name in names)]:
        if path.exists():
            shutil.move(path, secrets / path.name)
    words = folder.path / CLOSED / key.key_id.hex()
    words.mkdir(parents=True)
    for log in (folder.evidence, folder.audit):
        if log.exists():
            shutil.move(log, words / log.name)
        log.mkdir()


def _write_setting(path: Path, name: str, value: str) -> None:
    known = json.loads(path.read_bytes()) if path.exists() else {}
    text = json.dumps(known | {name: value}, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text.encode())
