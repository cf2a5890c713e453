"""``/log/``: the public log, as files that anyone may mirror (C2SP tlog-tiles)."""

import asyncio

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from kaipiao.errors import Outage
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, STAMPED_NAME, WITNESSED_NAME
from kaipiao.evidence.published import PublishedLog
from kaipiao.gateway import parameters
from kaipiao.gateway.refusals import NoSuchPath
from kaipiao.gateway.wiring import Services

FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=1, must-revalidate"
NAME_MAX = 200


class LogFiles:
    def __init__(self, services: Services) -> None:
        self._vkey = services.log_vkey
        self._log = PublishedLog(services.log_folder) if services.log_folder else None

    def handlers(self) -> list[HTTPRouteHandler]:
        return [
            get("/log/log.vkey", operation_id="read_vkey", media_type="text/plain", everyone=True)(
                self.vkey
            ),
            get(
                "/log/checkpoint",
                operation_id="read_checkpoint",
                media_type="text/plain",
                everyone=True,
            )(self.checkpoint),
            get(
                "/log/checkpoint.witnessed",
                operation_id="read_witnessed_checkpoint",
                media_type="text/plain",
                everyone=True,
            )(self.witnessed),
            get(
                "/log/checkpoint.timestamped",
                operation_id="read_timestamped_checkpoint",
                media_type="text/plain",
                everyone=True,
            )(self.timestamped),
            get(
                "/log/tile/{name:path}",
                operation_id="read_tile",
                media_type="application/octet-stream",
                include_in_schema=False,
                everyone=True,
            )(self.tile),
        ]

    async def vkey(self) -> Response[str]:
        """The log's public key (C2SP signed-note): all that verifying offline needs."""
        if not self._vkey:
            raise Outage("evidence")
        return Response(f"{self._vkey}\n", media_type="text/plain")

    async def checkpoint(self) -> Response[bytes]:
        """The newest signed checkpoint (C2SP tlog-checkpoint)."""
        return await self._file(CHECKPOINT_NAME)

    async def witnessed(self) -> Response[bytes]:
        """The newest checkpoint with the cosignatures of a quorum of witnesses (C2SP
        tlog-cosignature); 404 while there is none.
        """
        return await self._file(WITNESSED_NAME)

    async def timestamped(self) -> Response[bytes]:
        """The newest witnessed checkpoint with a time stamp (RFC 3161) as its last signature line;
        404 while there is none.
        """
        return await self._file(STAMPED_NAME)

    async def tile(self, name: parameters.TilePath) -> Response[bytes]:
        """A tile; once published it never changes."""
        return await self._file(f"tile/{name.lstrip('/')}")

    async def _file(self, name: str) -> Response[bytes]:
        if self._log is None:
            raise Outage("evidence")
        if len(name) > NAME_MAX or "\0" in name:
            raise NoSuchPath(path="/log/tile/…")
        found = await asyncio.to_thread(self._log.file, name)
        if found is None:
            raise NoSuchPath(path=f"/log/{name}")
        return Response(
            found.content,
            media_type=found.media_type,
            headers={"cache-control": FOREVER if found.is_immutable else BRIEFLY},
        )
