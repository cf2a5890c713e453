"""The protocol by which a vendor elsewhere is asked, and its client.  It is ours; see ADR-0020.

    POST {url}/v1/seals
    Authorization: Bearer …
    Idempotency-Key: …                        the same when the same is asked again
    {"statements": ["kaipiao/seal/v1\\n…"]}     text, at most a lot of them

    200 {"certificate": base64 of DER, "signatures": [base64, one for each, in order]}

Anything else is an error.  The certificate must be the pinned one, so that a vendor that changed
its key is told of as such.  Redirects are not followed, and nothing larger than a lot can need is
read.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from kaipiao.errors import Outage
from kaipiao.fiscal.seal import SealKey
from kaipiao.seal.vendor import VendorWrong

if TYPE_CHECKING:
    import ssl

    import httpx

PATH = "/v1/seals"
ANSWER_BYTES_MAX = 1 << 20
SAID_CHARS = 200


class SealAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    statements: list[str]


class SealAnswer(msgspec.Struct, frozen=True):
    certificate: bytes
    signatures: list[bytes]


_decode = msgspec.json.Decoder(SealAnswer).decode


class RemoteVendor:
    """One vendor over HTTP; its connections are kept open between questions."""

    def __init__(
        self,
        url: str,
        key: SealKey,
        *,
        secret: str,
        at_once: int,
        timeout_s: float,
        tls: "ssl.SSLContext | bool" = True,
    ) -> None:
        import httpx

        self.key = key
        self._url = url.rstrip("/") + PATH
        limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
        self._http = httpx.AsyncClient(
            headers={"authorization": f"Bearer {secret}", "accept-encoding": "identity"},
            limits=limits,
            timeout=timeout_s,
            verify=tls,
            trust_env=False,  # a proxy that the environment names is nobody we pinned
        )

    async def __aenter__(self) -> "RemoteVendor":
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def sign(self, statements: Sequence[bytes], *, ask_id: str) -> list[bytes]:
        import httpx

        body = msgspec.json.encode(SealAsk([one.decode("ascii") for one in statements]))
        headers = {"content-type": "application/json", "idempotency-key": ask_id}
        try:
            async with self._http.stream(
                "POST", self._url, content=body, headers=headers
            ) as response:
                content = await _read(response)
        except httpx.HTTPError as error:
            raise Outage(f"{type(error).__name__} {error}".strip()) from error
        return self._signatures(response.status_code, content)

    def _signatures(self, status: int, content: bytes) -> list[bytes]:
        """Raises VendorWrong."""
        if status != 200:
            said = content[:SAID_CHARS].decode("utf-8", "replace")
            raise VendorWrong(f"HTTP {status}: {said}")
        try:
            answer = _decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise VendorWrong(f"its answer cannot be read: {error}") from None
        if answer.certificate != self.key.certificate:
            raise VendorWrong("it signs with another certificate than the one pinned for it")
        return answer.signatures


async def _read(response: "httpx.Response") -> bytes:
    """Raises VendorWrong: it is too long."""
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > ANSWER_BYTES_MAX:
            raise VendorWrong(f"its answer is longer than {ANSWER_BYTES_MAX} bytes")
    return bytes(content)
