"""HTTP/1.1 as bytes: requests made beforehand, answers framed with ``bytes.find``.

One request is in flight on a connection at a time, so whatever follows an answer is a fault.
"""

from collections.abc import Sequence
from typing import NamedTuple

LENGTH = b"content-length: "
CHUNKED = b"transfer-encoding: chunked"
LAST_CHUNK = b"\r\n0\r\n\r\n"
HEAD_MAX = 16_384


class Parts(NamedTuple):
    """What stays the same of a request; the key goes between ``head`` and a tail."""

    head: bytes
    tails: list[bytes]

    def single(self, key: bytes, place: int) -> bytes:
        return b"".join((self.head, key, self.tails[place]))


def head_of(path: str, *, host: str, media_type: str, token: str = "") -> bytes:
    """Request line and headers, but for the length, the key and the empty line."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Type: {media_type}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    return "\r\n".join(lines).encode() + b"\r\n"


def single_parts(head: bytes, drafts: Sequence[bytes]) -> Parts:
    """One draft a request; its key is a header."""
    tails = [b"\r\ncontent-length: %d\r\n\r\n%b" % (len(draft), draft) for draft in drafts]
    return Parts(head + b"Idempotency-Key: ", tails)


def compose_batch(head: bytes, lines: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Many (key, draft) a request, one a line."""
    body = b"".join([b'{"key":"%b","draft":%b}\n' % line for line in lines])
    return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)


def length_of(answer: bytes) -> int:
    """How long the whole answer is, as far as these bytes tell; -1: more is needed to know.

    Raises:
        ValueError: this is no answer we could frame.
    """
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        if len(answer) > HEAD_MAX:
            raise ValueError("an answer's head without end")
        return -1
    at = answer.find(LENGTH, 0, end)
    if at >= 0:
        return end + 4 + int(answer[at + 16 : answer.find(b"\r", at)])
    return _length_slowly(answer, end)


def _length_slowly(answer: bytes, end: int) -> int:
    """As ``length_of``, whatever the case of the names; or chunked."""
    head = answer[:end].lower() + b"\r\n"
    at = head.find(LENGTH)
    if at >= 0:
        return end + 4 + int(head[at + 16 : head.find(b"\r", at)])
    if CHUNKED not in head:
        raise ValueError("an answer without a length")
    return len(answer) if answer.endswith(LAST_CHUNK) else -1


def is_success(answer: bytes) -> bool:
    """Status 2xx."""
    return answer.startswith(b"HTTP/1.1 2")
