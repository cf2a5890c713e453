"""Reading a body: bounded in size and time, then strictly understood."""

import asyncio
from typing import TypeVar

import msgspec

from kaipiao.base.repeated import has_repeated_member
from kaipiao.errors import KeyMissing, Malformed
from kaipiao.fiscal.invoice import IdempotencyKey, parse_key
from kaipiao.gateway.arriving import Arriving, Share
from kaipiao.gateway.faults import find_faults
from kaipiao.gateway.refusals import BodyTooLarge, BodyTooSlow, WrongMediaType
from kaipiao.gateway.visit import Receive, Visit

_Body = TypeVar("_Body", bound=msgspec.Struct)

JSON_TYPES = frozenset({b"application/json", b""})


class CallerGone(Exception):
    """The caller hung up before the whole body was here.  There is nobody to answer."""


def check_media_type(visit: Visit, expected: frozenset[bytes]) -> None:
    """Refuse a body that we would not understand, before reading it.

    Raises:
        WrongMediaType
    """
    given = visit.media_type
    if given not in expected and given.partition(b";")[0].strip().lower() not in expected:
        raise WrongMediaType(given=_shown(given), expected=_shown(max(expected)))
    if visit.encoding and visit.encoding.lower() != b"identity":
        raise WrongMediaType(given=_shown(visit.encoding), expected=_shown(max(expected)))


def check_length(visit: Visit, limit_bytes: int) -> None:
    """Refuse a body that says itself that it is too large.

    Raises:
        BodyTooLarge
    """
    length = visit.content_length
    if length.isdigit() and (len(length) > 18 or int(length) > limit_bytes):
        raise BodyTooLarge(limit_bytes=limit_bytes)


async def read_body(
    receive: Receive, visit: Visit, arriving: Arriving, *, limit_bytes: int, timeout_s: float
) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge, BodyTooSlow, Busy: nothing was done.
        CallerGone
    """
    check_length(visit, limit_bytes)
    try:
        async with asyncio.timeout(timeout_s):
            with arriving.share() as share:
                return await _gather(receive, share, limit_bytes)
    except TimeoutError:
        raise BodyTooSlow(timeout_s=timeout_s) from None


async def _gather(receive: Receive, share: Share, limit_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        piece: bytes = message.get("body", b"")
        if not pieces and not message.get("more_body", False) and len(piece) <= limit_bytes:
            return piece
        size += len(piece)
        if size > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
        share.hold(size)
        pieces.append(piece)
        if not message.get("more_body", False):
            return b"".join(pieces)


def decode(body: bytes, decoder: msgspec.json.Decoder[_Body]) -> _Body:
    """Read JSON into ``decoder``'s type, strictly: no unknown and no repeated member.

    Raises:
        Malformed: with every fault that can be found.
    """
    try:
        value = decoder.decode(body)
    except (ValueError, RecursionError):
        raise Malformed(find_faults(body, decoder.type)) from None
    if has_repeated_member(body):
        raise Malformed(find_faults(body, decoder.type))
    return value


def idempotency_key(visit: Visit) -> IdempotencyKey:
    """The caller's own name for this.

    Raises:
        KeyMissing
    """
    try:
        return parse_key((visit.idempotency_key or b"").decode("ascii"))
    except ValueError:
        raise KeyMissing from None


def _shown(raw: bytes) -> str:
    return raw.decode("ascii", "replace")[:100] or "-"
