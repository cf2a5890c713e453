"""What this program answers when another release of it asks (``continuity/release/program.py``).

``python -m kaipiao.app.newcomer introduce|migrate|root``: a question on standard input, one line of
JSON out.  These words are a contract between releases: what an older program asks, every newer
one must answer.
"""

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path

import msgspec

from kaipiao.app.orders import WIRE
from kaipiao.continuity.release.current import Program
from kaipiao.continuity.release.program import Applied, Asked, Introduction, Root, Step
from kaipiao.errors import Outage
from kaipiao.evidence.merkle import Frontier, leaf_hash
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.migrate import HistoryBroken, migrate, read_migrations
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.remade import remade_leaves


def introduce() -> Introduction:
    """Ourselves."""
    steps = tuple(Step(m.number, m.stage, m.name, m.digest) for m in read_migrations())
    return Introduction(
        program=Program(sys.executable, version("kaipiao")), wire=WIRE, migrations=steps
    )


async def apply_migrations(asked: Asked) -> Applied:
    """Raises HistoryBroken, Outage: as ``migrate``."""
    return Applied(tuple(m.name for m in await migrate(asked.dsn, until=asked.stage)))


async def read_root(asked: Asked) -> Root:
    """Raises Outage: the ledger or a file of the archive is away."""
    pool = await Pool.open(asked.dsn)
    try:
        frontier = Frontier()
        async for leaves in remade_leaves(pool, Shelf(pool, Path(asked.archive)), asked.size):
            frontier, _ = frontier.grow([leaf_hash(leaf) for leaf in leaves])
    finally:
        await pool.close()
    return Root(frontier.size, frontier.root().hex())


async def answer(word: str, asked: Asked) -> Introduction | Applied | Root:
    if word == "introduce":
        return introduce()
    return await (apply_migrations(asked) if word == "migrate" else read_root(asked))


def main() -> None:
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    try:
        said = asyncio.run(answer(sys.argv[1], asked))
    except (HistoryBroken, Outage) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")


if __name__ == "__main__":
    main()
