"""Read the whole log and believe nothing: what a mirror, an auditor or a doubtful operator runs.

The ordinary start looks at the right edge only.  This makes every tile again from the entries.
"""

from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.reader import TileReader, TilesDamaged
from kaipiao.evidence.tiles import TILE_WIDTH, Tile


def audit(tiles: TileReader, checkpoint: Checkpoint) -> list[str]:
    """Everything in the files that is not as the checkpoint says; nothing means all is well.

    A million leaves take about three seconds.  ``tiles`` should be a fresh reader.
    """
    size, edge = checkpoint.size, Edge()
    faults: list[str] = []
    for bundle in range(-(-size // TILE_WIDTH)):
        try:
            entries = tiles.entries(bundle, size)
        except TilesDamaged as damage:
            return [*faults, str(damage)]  # nothing after it can be made again
        edge, files = grow(edge, entries)
        for tile, content in files.items():
            if tile == tile.in_tree(size) and not _holds(tiles, tile, content):
                faults.append(f"{tile.name} is missing, or is not what the entries say")
    if edge.frontier.root() != checkpoint.root:
        faults.append(f"the entries have another root than the checkpoint of {size}")
    return faults


def _holds(tiles: TileReader, tile: Tile, content: bytes) -> bool:
    try:
        return tiles.read(tile) == content
    except (FileNotFoundError, TilesDamaged):
        return False
