"""The first API key: made once, so that a new cell has someone who may do everything.

The file is written before the key is known to the ledger, and asked about at every start: a
crash in between, or a ledger restored from an older backup, is put right by starting again.
"""

from kaipiao.app.audit import operating
from kaipiao.app.folder import CellFolder, write_whole
from kaipiao.gateway.identity import PERMISSIONS, compose_key_id, compose_token, hash_token
from kaipiao.ports import ApiKey, AuditTrail, Clock, Directory

EVERYONE = "*"


def make_first_key(folder: CellFolder) -> None:
    """The file, unless it is there; the ledger knows nothing of it yet."""
    if not folder.first_key.exists():
        write_whole(folder.first_key, f"{compose_token(compose_key_id())}\n".encode())


async def ensure_first_key(
    folder: CellFolder, directory: Directory, audit: AuditTrail, clock: Clock
) -> None:
    """The first key exists, in its file and in the ledger; that it was made is in the audit log."""
    make_first_key(folder)
    token = folder.first_key.read_text(encoding="ascii").strip()
    if await directory.find_by_secret(hash_token(token)) is None:
        key = ApiKey(
            key_id=token.split("_")[1],
            tenant="operator",
            name="first",
            may=PERMISSIONS,
            taxpayers=frozenset({EVERYONE}),
            created_at=clock.now(),
        )
        facts = {"may": ", ".join(sorted(key.may)), "taxpayers": EVERYONE}
        async with operating(audit, "key.create", key.key_id, clock=clock, **facts):
            await directory.add_key(key, hash_token(token))
