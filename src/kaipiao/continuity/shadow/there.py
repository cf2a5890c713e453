"""The shadow over HTTP.

It may be slow, dead, of another version, or lying: an answer has a bound in time and in bytes, no
shape is presumed, and before anything is asked it must say that it is a shadow.
"""

import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import msgspec

from kaipiao.continuity.shadow.compare import Json
from kaipiao.fiscal.money import MAX_FEN

if TYPE_CHECKING:  # loading it takes longer than most commands
    import httpx

MARK = "shadow.invalid/"
"""How the name of a shadow's log begins.  ``.invalid`` never exists (RFC 2606)."""

ANSWER_WITHIN_S = 10.0
ANSWER_BYTES_MAX = 4 * 1024 * 1024
BUSY = frozenset({429, 502, 503, 504})


class Away(Exception):
    """The shadow gave no answer.  Asking again with the same key is always safe."""


class NotAShadow(Exception):
    """A cell that is not marked: it might be a real one, so nothing was asked of it."""


class Answer(NamedTuple):
    status: int
    document: Json


class Listed(NamedTuple):
    """Part of a seller's invoices; ``next``: from where to go on, now or when there are more."""

    invoices: tuple[dict[str, Any], ...]
    next: int
    has_more: bool


class There:
    """One shadow cell, asked with a key that may do everything in it."""

    def __init__(self, url: str, key: str) -> None:
        import httpx

        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={
                "authorization": f"Bearer {key}",
                "user-agent": "kaipiao-shadow/1",
                "accept-encoding": "identity",  # what is counted is what arrives
            },
            timeout=ANSWER_WITHIN_S,
            trust_env=False,  # a proxy meant for web pages would see every invoice
        )
        self.sellers: set[str] = set()
        """Those that were granted credit: nobody else can issue there."""

    async def close(self) -> None:
        await self._http.aclose()

    async def status(self) -> Json:
        """What the shadow says of itself.

        Raises:
            NotAShadow: its log has another name than a shadow's.
            Away: no answer.
        """
        answer = await self._ask("GET", "/v1/status")
        told = answer.document if isinstance(answer.document, dict) else {}
        if not str(told.get("log_vkey", "")).startswith(MARK):
            raise NotAShadow(str(self._http.base_url))
        return told

    async def issue(self, seller: str, key: str, draft: Json) -> Answer:
        """Ask for an original."""
        await self.grant(seller)
        return await self._ask("POST", "/v1/invoices", body=draft, key=key)

    async def reverse(self, number: str, key: str, ask: Json) -> Answer:
        """Ask for a red letter against the shadow's own ``number``."""
        path = f"/v1/invoices/{quote(number, safe='')}/red-letters"
        return await self._ask("POST", path, body=ask, key=key)

    async def find(self, seller: str, key: str) -> Json | None:
        """The invoice that the shadow has under this key, as it shows it; None: it has none."""
        asked = {"seller": seller, "key": key}
        answer = await self._ask("GET", "/v1/invoices", params=asked)
        match answer.document:
            case {"invoices": [found, *_]} if answer.status == 200:
                return found
            case {"invoices": []} if answer.status == 200:
                return None
        return answer.document

    async def page(self, seller: str, *, after: int, limit: int) -> Listed:
        """A seller's invoices in the shadow's order.  Nothing, if it says what is no list."""
        asked = {"seller": seller, "after": str(after), "limit": str(limit)}
        told = (await self._ask("GET", "/v1/invoices", params=asked)).document
        told = told if isinstance(told, dict) else {}
        invoices = [one for one in _listed(told.get("invoices")) if isinstance(one, dict)]
        more, end = told.get("after"), told.get("high_water")
        return Listed(
            tuple(invoices),
            next=next((one for one in (more, end) if type(one) is int), after),
            has_more=type(more) is int,
        )

    async def grant(self, seller: str) -> None:
        """Credit is set aside: an old month's invoices would use up this month's line."""
        if seller not in self.sellers:
            path = f"/v1/credit-lines/{quote(seller, safe='')}"
            await self._ask("PUT", path, body={"limit_fen": MAX_FEN})
            self.sellers.add(seller)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: Json = None,
        key: str = "",
    ) -> Answer:
        import httpx

        headers = {"idempotency-key": key} if key else {}
        content = msgspec.json.encode(body) if body is not None else None
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            async with self._http.stream(
                method, path, params=params, content=content, headers=headers
            ) as answer:
                text = await _read_bounded(answer)
        except httpx.HTTPError as error:
            raise Away(str(error) or type(error).__name__) from error
        if answer.status_code in BUSY:
            raise Away(f"HTTP {answer.status_code}")
        return Answer(answer.status_code, _decoded(text))


def _listed(value: Json) -> list[Any]:
    return value if isinstance(value, list) else []


async def _read_bounded(answer: "httpx.Response") -> bytes:
    """The body, if it ends in time and is not too long.  Raises Away."""
    deadline = time.monotonic() + ANSWER_WITHIN_S
    pieces, size = [], 0
    async for piece in answer.aiter_raw():
        pieces.append(piece)
        size += len(piece)
        if size > ANSWER_BYTES_MAX or time.monotonic() > deadline:
            raise Away(f"an answer that does not end ({size} bytes)")
    return b"".join(pieces)


def _decoded(text: bytes) -> Any:
    """JSON, or what else it was as text: a lie is shown as it was told."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text[:1000].decode(errors="replace")
