"""``/v1/status``, ``/healthz``, ``/readyz``: is it you or me?  What we cannot tell is unknown."""

import asyncio
import logging
from datetime import datetime

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from kaipiao.errors import Outage
from kaipiao.gateway.wiring import BackedUp, Health, Services, State, Witnessed

PATIENCE_S = 2.0
FRESH_S = 1.0
"""A health once asked for is told again for this long: status pages are watched by many."""

_log = logging.getLogger("kaipiao.gateway")


class BackedUpView(msgspec.Struct, frozen=True, kw_only=True):
    """How the backups in one folder stand; which folder, and what the trouble is, `kaipiao doctor`
    says on the cell's machine: everyone may read this page.  All that was written longer than
    `copy_age_s` ago is there.
    """

    newest_age_s: float | None
    copy_age_s: float | None
    stream_lag_bytes: int | None
    told_age_s: float
    has_trouble: bool


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """``status`` is ``up`` if issuing works, ``degraded`` if only something beside it does not."""

    status: str
    version: str
    now: datetime
    ledger: State
    log: State
    worker: State
    log_size: int | None
    checkpoint_age_s: float | None
    oldest_pending_s: float | None
    unsealed: int | None
    oldest_unsealed_s: float | None
    witnessed: Witnessed | None
    backups: tuple[BackedUpView, ...]
    log_vkey: str


class StatusCalls:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._seen: tuple[float, Health] | None = None

    def handlers(self) -> list[HTTPRouteHandler]:
        return [
            get("/v1/status", operation_id="read_status", everyone=True)(self.status),
            get("/healthz", include_in_schema=False, media_type="text/plain", everyone=True)(
                self.alive
            ),
            get("/readyz", include_in_schema=False, media_type="text/plain", everyone=True)(
                self.ready
            ),
        ]

    async def status(self) -> StatusView:
        """How this cell is.  Needs no key and never waits long."""
        health = await self._health()
        return StatusView(
            status=overall(health),
            version=self._services.version,
            now=self._services.clock.now(),
            ledger=health.ledger,
            log=health.log,
            worker=health.worker,
            log_size=health.log_size,
            checkpoint_age_s=health.checkpoint_age_s,
            oldest_pending_s=health.oldest_pending_s,
            unsealed=health.unsealed,
            oldest_unsealed_s=health.oldest_unsealed_s,
            witnessed=health.witnessed,
            backups=tuple(self._view(one) for one in health.backups),
            log_vkey=self._services.log_vkey,
        )

    def _view(self, told: BackedUp) -> BackedUpView:
        now = self._services.clock.now()
        newest_age_s = (now - told.newest_at).total_seconds() if told.newest_at else None
        return BackedUpView(
            newest_age_s=newest_age_s,
            copy_age_s=(now - told.whole_at).total_seconds() if told.whole_at else None,
            stream_lag_bytes=told.stream_lag_bytes,
            told_age_s=(now - told.told_at).total_seconds(),
            has_trouble=bool(told.trouble),
        )

    async def alive(self) -> str:
        """This process answers."""
        return "ok\n"

    async def ready(self) -> Response[str]:
        """This process can issue."""
        if (await self._health()).ledger != "up":
            raise Outage("ledger")
        return Response("ok\n", media_type="text/plain")

    async def _health(self) -> Health:
        now = asyncio.get_running_loop().time()
        if self._seen is not None and now - self._seen[0] < FRESH_S:
            return self._seen[1]
        try:
            async with asyncio.timeout(PATIENCE_S):
                health = await self._services.health()
        except Exception:
            _log.warning("nobody could tell how the cell is", exc_info=True)
            health = Health()
        self._seen = (now, health)
        return health


def overall(health: Health) -> str:
    if health.ledger != "up":
        return health.ledger
    return "up" if health.log == health.worker == "up" else "degraded"
