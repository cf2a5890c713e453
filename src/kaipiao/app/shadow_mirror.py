"""Wiring for the live feed: Envoy in front of this cell, and how much of it goes to the shadow."""

from collections.abc import Sequence

from kaipiao.app.archive import owner_dsn_of
from kaipiao.app.audit import operating
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.settings import Settings
from kaipiao.continuity.cluster.route import find_envoy
from kaipiao.continuity.shadow.cell import OnlyRun, ShadowFolder
from kaipiao.continuity.shadow.mirror import BP_PER_UNIT
from kaipiao.continuity.shadow.route import Feed, RouteFolder, run_route
from kaipiao.errors import Outage
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.pool import Pool


async def serve_route(
    settings: Settings, shadow: ShadowFolder, *, host: str, port: int, cells: Sequence[str]
) -> None:
    """Run the route until cancelled.  ``cells`` empty: the cell of this data folder.

    Raises:
        AlreadyRuns: another process runs it.
        DatabaseWontStart: Envoy is not installed.
        Outage: no cell was named, and this one does not run.
    """
    envoy, cells = find_envoy(), cells or [_cell_of(settings)]
    shadow.make()
    route = RouteFolder(shadow.route)
    route.prepare(host=host, port=port, cells=cells)
    with OnlyRun(route.lock):
        await run_route(route, envoy)


async def set_share(settings: Settings, shadow: ShadowFolder, share_bp: int) -> Feed:
    """Copy so much, in 1/10,000; it is in the audit log.  Raises Outage: the cell does not run."""
    pool = await Pool.open(owner_dsn_of(CellFolder(settings.data), settings))
    try:
        trail, clock = AuditRows(pool), SystemClock()
        share = f"{100 * share_bp / BP_PER_UNIT:g}%"
        async with operating(trail, "shadow.mirror", str(shadow.path), clock=clock, share=share):
            return RouteFolder(shadow.route).set_share(share_bp)
    finally:
        await pool.close()


def _cell_of(settings: Settings) -> str:
    running = read_running(CellFolder(settings.data))
    if running is None:
        raise Outage(f"cell ({settings.data})")
    return running.url
