"""``GET /v1/imports/{id}/events``: progress as it happens (Server-Sent Events, WHATWG HTML).

    id: 7
    event: progress
    data: {"import_id": …, "state": "running", "counts": {…}}

Each event is the whole state, so one that was missed is made good by the next.  Its id is the
import's version: who comes back with ``Last-Event-ID`` hears only what is newer.  The last event is
called ``ended``; who comes back after it is answered 204, which tells a browser to stay away.
A comment goes out while nothing happens, so that nobody on the way takes the line for dead.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from kaipiao.errors import NoSuchImport
from kaipiao.fiscal.imports import ENDED, Import
from kaipiao.gateway import parameters
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.calls import AnyRequest, caller_of
from kaipiao.gateway.imports import view_import, visible_import
from kaipiao.gateway.wiring import Services

MEDIA_TYPE = "text/event-stream"
COME_BACK_AFTER_MS = 1_000
HEARTBEAT = b": still here\n\n"


class ImportEvents:
    def __init__(self, services: Services) -> None:
        self._imports = services.imports
        self._limits = services.limits
        self._room = Bulkhead(services.limits.max_watchers_in_flight)

    def handlers(self) -> list[HTTPRouteHandler]:
        return [get("/v1/imports/{import_id:str}/events", operation_id="watch_import")(self.watch)]

    async def watch(
        self, request: AnyRequest, import_id: parameters.ImportPath
    ) -> Response[None] | Stream:
        """Watch an import: an event for every change, from `Last-Event-ID` on, until it ended."""
        found = await visible_import(self._imports, import_id, caller_of(request, "read"))
        seen = last_event_id(request.headers.get("last-event-id", ""))
        if found.state in ENDED and seen >= found.version:
            return Response(None, status_code=204)
        with self._room:
            pass  # full: told to come back, while that can still be told
        return Stream(
            self._events(found, seen),
            media_type=MEDIA_TYPE,
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _events(self, found: Import, seen: int) -> AsyncIterator[bytes]:
        limits = self._limits
        until = time.monotonic() + limits.watch_timeout_s
        quiet_since = time.monotonic()
        with self._room:
            yield b"retry: %d\n\n" % COME_BACK_AFTER_MS
            while True:
                if found.version > seen:
                    seen, quiet_since = found.version, time.monotonic()
                    yield compose_event(found)
                if found.state in ENDED or time.monotonic() >= until:
                    return
                if time.monotonic() - quiet_since >= limits.heartbeat_s:
                    quiet_since = time.monotonic()
                    yield HEARTBEAT
                await asyncio.sleep(limits.watch_every_s)
                found = await self._again(found)

    async def _again(self, found: Import) -> Import:
        newer = await self._imports.read(found.import_id)
        if newer is None:  # forgotten while it was watched
            raise NoSuchImport
        return newer


def compose_event(found: Import) -> bytes:
    name = b"ended" if found.state in ENDED else b"progress"
    data = msgspec.json.encode(view_import(found))
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (found.version, name, data)


def last_event_id(text: str) -> int:
    """What is no id of ours is as good as none: everything is told."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
