"""``/verify.html`` (离线查验页): a page that verifies without us, to be saved by whoever wants to.

The cell's own keys are filled in; who does not trust the cell puts in what they got elsewhere.
"""

import asyncio
from pathlib import Path

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from kaipiao.evidence.page.compose import PAGE_NAME, compose_page, content_policy
from kaipiao.evidence.signing.publication import VKEYS, read_about_keys
from kaipiao.gateway.wiring import Services

HEADERS = {
    "content-security-policy": f"{content_policy()}; frame-ancestors 'none'",
    "cache-control": "public, max-age=300",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class OfflinePage:
    def __init__(self, services: Services) -> None:
        self._folder = services.log_folder
        self._vkey = services.log_vkey

    def handlers(self) -> list[HTTPRouteHandler]:
        path = f"/{PAGE_NAME}"
        return [
            get(path, include_in_schema=False, media_type="text/html", everyone=True)(self.page)
        ]

    async def page(self) -> Response[bytes]:
        """The page, with every key that the log has had."""
        keys = await asyncio.to_thread(_keys_in, self._folder) if self._folder else []
        page = compose_page(keys or filter(None, [self._vkey]))
        return Response(page, media_type="text/html; charset=utf-8", headers=HEADERS)


def _keys_in(folder: Path) -> list[str]:
    """None of them is no reason to keep the page back: anyone can put in a key."""
    try:
        return (read_about_keys(folder, VKEYS) or b"").decode().split()
    except (OSError, UnicodeDecodeError):
        return []
