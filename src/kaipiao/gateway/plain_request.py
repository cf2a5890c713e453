"""A plain issuing request, told at a glance from the bytes that arrived.

Nearly every request is one whole ``POST /v1/invoices`` in one piece with headers that anybody
would write.  ``scan`` takes such a one apart without a parser.  It knows no rarity of HTTP: what
is not wholly plain it leaves to the parser, and what it accepts the parser reads the same.  A
body whose length could be read in two ways is never plain.

``_plain_request`` is the same, compiled by the package's own build where there is a compiler; it
takes a tenth of the time.  Tests hold the two together, and both to the parser.
"""

import re

try:
    from kaipiao.gateway._plain_request import scan as swift_scan
except ImportError:  # it was installed where there was no compiler
    swift_scan = None  # type: ignore[assignment]

Parcel = tuple[bytes, str, bytes, bytes, bytes]
"""Authorization, idempotency key, the caller's name for the request, languages, body.
The name and the languages are empty where they are not given."""

LINE = b"POST /v1/invoices HTTP/1.1\r\n"
MAX_BODY_BYTES = 64 * 1024
"""Larger bodies go the long way, which waits for them and bounds the waiting."""

TAKEN = (
    b"authorization",
    b"idempotency-key",
    b"content-length",
    b"content-type",
    b"connection",
    b"accept-language",
    b"x-request-id",
)
"""Headers that mean something here; a second one of a name is left to the parser."""

NEVER = frozenset(
    {b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"proxy-connection"}
)
"""Headers that change what the body is, or what becomes of the connection."""

_HEAD = re.compile(LINE.replace(b".", rb"\.") + rb"((?:[\w-]+: ?[!-~](?:[ -~]*[!-~])?\r\n)+)\r\n")
_HEADER = re.compile(rb"([\w-]+): ?([ -~]+)\r\n")
_KEY = re.compile(rb"[!-~]{1,128}")
_JSON = re.compile(rb"application/json(;.*)?")
_LENGTH = re.compile(rb"[0-9]{1,5}")
_LENGTH_LINE = re.compile(rb"\r\ncontent-length: ?([1-9][0-9]{0,4})\r\n", re.IGNORECASE)


def slow_scan(data: bytes, max_headers: int) -> Parcel | None:
    """The request that ``data`` is, if it is one plain request and nothing else."""
    head = _HEAD.match(data)
    if head is None:
        return None
    pairs = [(name.lower(), value) for name, value in _HEADER.findall(head[1])]
    if len(pairs) > max_headers:
        return None
    given = dict(pairs)
    if len(given) < len(pairs) and _is_twice(pairs):
        return None
    body = data[head.end() :]
    if not (
        NEVER.isdisjoint(given)
        and given.get(b"connection", b"keep-alive").lower() == b"keep-alive"
        and _JSON.fullmatch(given.get(b"content-type", b"application/json"))
        and _LENGTH.fullmatch(length := given.get(b"content-length", b""))
        and int(length) == len(body) <= MAX_BODY_BYTES
        and _KEY.fullmatch(key := given.get(b"idempotency-key", b""))
        and b"authorization" in given
    ):
        return None
    name, languages = given.get(b"x-request-id", b""), given.get(b"accept-language", b"")
    return given[b"authorization"], key.decode("ascii"), name, languages, body


def _is_twice(pairs: list[tuple[bytes, bytes]]) -> bool:
    """Whether a header that means something here is given twice."""
    names = [name for name, _ in pairs]
    return any(names.count(name) > 1 for name in TAKEN)


scan = slow_scan if swift_scan is None else swift_scan


def is_head(data: bytes, max_headers: int) -> bool:
    """Whether ``data`` is a plain request of which just the body is missing, all of it."""
    if not (data.startswith(LINE) and data.endswith(b"\r\n\r\n")):
        return False
    length = _LENGTH_LINE.search(data)
    return length is not None and scan(data + bytes(int(length[1])), max_headers) is not None
