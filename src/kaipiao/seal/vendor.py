"""A vendor (签章服务商): whoever signs statements for us, here or elsewhere, and may fail at it.

Nothing that a vendor says is believed: each signature is checked against the key that was pinned
for it.  One that does not hold makes the whole answer a lie, and nothing of it is kept.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from kaipiao.errors import Outage
from kaipiao.fiscal.seal import AskOutcome, SealKey
from kaipiao.seal.check import is_mark_good

SAID_CHARS = 200
"""Of what a vendor said are kept, for people to read."""

log = logging.getLogger(__name__)


class VendorWrong(Exception):
    """It answered, and not with signatures: an error, or something nobody can read."""


class Vendor(Protocol):
    @property
    def key(self) -> SealKey:
        """The one key whose signatures are believed of it."""
        ...

    async def sign(self, statements: Sequence[bytes], *, ask_id: str) -> list[bytes]:
        """A signature for each, in their order.  ``ask_id`` is the same when asked again.

        Raises:
            Outage, VendorWrong: there are none.
        """
        ...


class Answer(NamedTuple):
    """``signatures`` is empty unless the outcome is ``sealed``."""

    outcome: AskOutcome
    signatures: list[bytes]
    took_ms: float  # until the vendor had answered; what we then check is not its time
    said: str = ""


class LocalVendor:
    """A key of our own, used in a thread: a lot takes a processor for a moment."""

    def __init__(self, key: SealKey, sign: Callable[[bytes], bytes]) -> None:
        self.key = key
        self._sign = sign

    async def sign(self, statements: Sequence[bytes], *, ask_id: str) -> list[bytes]:
        return await asyncio.to_thread(lambda: [self._sign(one) for one in statements])


async def ask(
    vendor: Vendor, statements: Sequence[bytes], *, ask_id: str, within_s: float
) -> Answer:
    """Ask once and believe nothing; never raises for what a vendor does."""
    began = time.monotonic()
    outcome, signatures, said = await _ask(vendor, statements, ask_id, within_s)
    took_ms = 1000 * (time.monotonic() - began)
    if outcome != "sealed":
        return Answer(outcome, [], took_ms, harmless(said))
    if len(signatures) != len(statements):
        said = f"{len(signatures)} signatures for {len(statements)} statements"
        return Answer("failed", [], took_ms, said)
    false = await asyncio.to_thread(_count_false, statements, signatures, vendor.key.certificate)
    if false:
        said = f"{false} of {len(signatures)} signatures are not by its key"
        return Answer("lied", [], took_ms, said)
    return Answer("sealed", signatures, took_ms)


def harmless(said: str) -> str:
    """What a vendor said, short, and nothing that moves a cursor or that a database refuses."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in said)[
        :SAID_CHARS
    ]


async def _ask(
    vendor: Vendor, statements: Sequence[bytes], ask_id: str, within_s: float
) -> tuple[AskOutcome, list[bytes], str]:
    try:
        async with asyncio.timeout(within_s):
            return "sealed", await vendor.sign(statements, ask_id=ask_id), ""
    except TimeoutError:
        return "silent", [], f"no answer within {within_s:g} s"
    except Outage as outage:
        return "silent", [], f"no answer: {outage}"
    except VendorWrong as wrong:
        return "failed", [], str(wrong)
    except Exception as error:
        log.exception("asking %s failed in a way that nobody foresaw", vendor.key.vendor)
        return "failed", [], f"{type(error).__name__}: {error}"


def _count_false(
    statements: Sequence[bytes], signatures: Sequence[bytes], certificate: bytes
) -> int:
    pairs = zip(statements, signatures, strict=True)
    return sum(not is_mark_good(statement, mark, certificate) for statement, mark in pairs)
