"""Which tree is signed next: implements ports.SignedHeads by one compare and swap.

The statement's own conditions decide, so a repeat after a lost answer finds what it did.

What a server shows is not yet what survives it: a primary that crashed and came back shows commits
that no standby confirmed.  So whoever did not write a head himself asks to be ``sure`` before he
signs it: he commits something of his own behind it, and when that is confirmed so is the head.
"""

from kaipiao.ledger.pool import Pool
from kaipiao.ports import TreeHead

_STANDING = "SELECT size, root FROM log_head WHERE log = $1"
_BEGIN = """
INSERT INTO log_head (log, size, root) VALUES ($1, $2, $3) ON CONFLICT (log) DO NOTHING
"""
_SWAP = """
UPDATE log_head SET size = $2, root = $3, agreed_at = now()
 WHERE log = $1 AND size = $4 AND root = $5 AND ($2 > size OR ($2 = size AND $3 = root))
"""
_COMMIT_NOTHING = "SELECT pg_logical_emit_message(true, 'kaipiao', '')"
"""The smallest commit there is; it waits for the standbys like any other."""


class Heads:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def standing(self, log: str, *, sure: bool = False) -> TreeHead | None:
        row = await self._pool.fetchrow(_STANDING, log)
        if sure:
            await self._pool.fetchval(_COMMIT_NOTHING)
        return None if row is None else TreeHead(row["size"], row["root"])

    async def swap(self, log: str, before: TreeHead | None, after: TreeHead) -> bool:
        if before is None:
            done = await self._pool.execute(_BEGIN, log, after.size, after.root)
        else:
            done = await self._pool.execute(
                _SWAP, log, after.size, after.root, before.size, before.root
            )
        return done == 1 or await self.standing(log, sure=True) == after
