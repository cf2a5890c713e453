"""Is a cell working?  Asked from outside, as a caller would, all the way to the database."""

import asyncio
import http.client
from pathlib import Path
from urllib.parse import urlsplit

from kaipiao.app.folder import Running

ASK_TIMEOUT_S = 3.0
PAUSE_S = 0.05
QUESTION = "/v1/invoices?seller=000000000000000&limit=1"
"""Needs the listener, a worker, the gateway, an API key and the ledger; nobody has this id."""


async def until_it_works(running: Running) -> None:
    """Ask until a request with the first key really succeeds."""
    while not await asyncio.to_thread(works, running):
        await asyncio.sleep(PAUSE_S)


def works(running: Running) -> bool:
    """Whether one request succeeds, end to end."""
    place = urlsplit(running.url)
    connection = http.client.HTTPConnection(place.netloc, timeout=ASK_TIMEOUT_S)
    try:
        secret = Path(running.key_file).read_text(encoding="ascii").strip()
        connection.request("GET", QUESTION, headers={"Authorization": f"Bearer {secret}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
