"""``/log/``, of the log's keys: which it had, and what it said when they changed."""

import asyncio

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from kaipiao.errors import Outage
from kaipiao.evidence.signing.publication import ANNOUNCEMENT, ORIGINS, VKEYS, read_about_keys
from kaipiao.gateway import parameters
from kaipiao.gateway.log import BRIEFLY, FOREVER
from kaipiao.gateway.refusals import NoSuchPath
from kaipiao.gateway.wiring import Services

TEXT, JSON = "text/plain", "application/json"


class LogKeyFiles:
    def __init__(self, services: Services) -> None:
        self._folder = services.log_folder

    def handlers(self) -> list[HTTPRouteHandler]:
        return [
            get("/log/log.vkeys", operation_id="read_vkeys", media_type=TEXT, everyone=True)(
                self.vkeys
            ),
            get("/log/origins.json", operation_id="read_origins", media_type=JSON, everyone=True)(
                self.origins
            ),
            get(
                "/log/announcement/{leaf:str}",
                operation_id="read_announcement",
                media_type=TEXT,
                everyone=True,
            )(self.announcement),
            get(
                "/log/former/{key_id:str}/checkpoint",
                operation_id="read_former_checkpoint",
                media_type=TEXT,
                everyone=True,
            )(self.former),
        ]

    async def vkeys(self) -> Response[bytes]:
        """Every key this log ever signed with, one a line, the newest first (C2SP signed-note)."""
        return await self._file(VKEYS, TEXT, BRIEFLY)

    async def origins(self) -> Response[bytes]:
        """The names under which this log was and is signed, with their keys and times."""
        return await self._file(ORIGINS, JSON, BRIEFLY)

    async def announcement(self, leaf: parameters.LeafPath) -> Response[bytes]:
        """The statement that an entry of the log commits to, such as a change of its keys."""
        return await self._file(f"{ANNOUNCEMENT}/{leaf}", TEXT, FOREVER)

    async def former(self, key_id: parameters.VkeyPath) -> Response[bytes]:
        """The newest checkpoint under a former origin; the last one, once its overlap is over."""
        return await self._file(f"former/{key_id}/checkpoint", TEXT, BRIEFLY)

    async def _file(self, name: str, media_type: str, kept: str) -> Response[bytes]:
        if self._folder is None:
            raise Outage("evidence")
        try:
            found = await asyncio.to_thread(read_about_keys, self._folder, name)
        except OSError as error:
            raise Outage("evidence") from error
        if found is None:
            raise NoSuchPath(path=f"/log/{name}"[:200])
        return Response(found, media_type=media_type, headers={"cache-control": kept})
