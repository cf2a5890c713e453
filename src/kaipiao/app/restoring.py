"""``kaipiao log rebuild``: a cell's lost log is made again from a mirror, proved, put in place."""

from collections.abc import Sequence

from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, OnlySupervisor
from kaipiao.app.mirror import Source, spread_for
from kaipiao.evidence.mirror.copy import Progress
from kaipiao.evidence.mirror.restore import Restored, restore
from kaipiao.evidence.note import VerifierKey


def rebuild(
    where: str,
    keys: Sequence[VerifierKey],
    data: str,
    *,
    witnessed: bytes | None,
    progress: Progress,
) -> Restored:
    """Rebuild the log of the cell in ``data``, which must not run.

    Raises:
        AlreadyRunning: it runs.
        CopyFallsShort, SourceRefused, NotSigned, TilesDamaged, OSError: nothing was put in place.
    """
    folder = CellFolder(data)
    folder.make()
    source = Source(where)
    with OnlySupervisor(folder), spread_for(source) as spread:
        return restore(
            source.read,
            folder.evidence,
            keys,
            clock=SystemClock(),
            witnessed=witnessed,
            progress=progress,
            spread=spread,
        )
