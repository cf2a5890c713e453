"""Who is calling: API keys (``Authorization: Bearer kp_<id>_<secret>``).

Only the SHA-256 of a key leaves this file, for the directory to look up.  What it says is
believed for a few seconds, so a flood of calls is not a flood of queries, and a revoked key
dies within that time.  A key in use is looked up again before that time is over, beside the
calls: none of them waits for it, and however many do wait for a key, it is one query.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from functools import partial
from typing import TypeVar

from kaipiao.errors import NotAllowed, NotAuthenticated
from kaipiao.gateway.limits import Limits
from kaipiao.ports import ApiKey, Clock, Directory

SCHEME = b"Bearer "
PREFIX = "kp"
SECRET_BYTES = 32
TOKEN_MAX = 200
RENEW_AT, RENEW_EVERY = 0.4, 0.1
"""A key in use is looked up again when so much of its time is left; and, while the directory does
not answer, once in so much of it."""

_Found = tuple[ApiKey, float]
"""A key, and until when it is believed (``time.monotonic``)."""
_Value = TypeVar("_Value")
PERMISSIONS = frozenset({"issue", "read", "confirm", "grant", "deliver", "admin", "audit", "erase"})


def compose_token(key_id: str) -> str:
    """A new secret for ``key_id``.  Shown once, kept by nobody but the caller."""
    assert key_id.isalnum()
    return f"{PREFIX}_{key_id}_{secrets.token_hex(SECRET_BYTES)}"


def hash_token(token: str) -> bytes:
    """How the directory knows a key: SHA-256 of the whole token."""
    return hashlib.sha256(token.encode()).digest()


def compose_key_id() -> str:
    return secrets.token_hex(6)


class Identity:
    """Finds the key of a caller, and remembers it for a moment."""

    def __init__(self, *, directory: Directory, clock: Clock, limits: Limits) -> None:
        self._directory = directory
        self._clock = clock
        self._ttl_s = limits.identity_ttl_s
        self._room = limits.identity_cache_keys
        self._known: dict[bytes, _Found] = {}
        self._unknown: dict[bytes, float] = {}
        self._believed: dict[bytes, _Found] = {}  # by the header, as it came
        self._renewed: dict[bytes, float] = {}  # when, by the header
        self._asking: dict[bytes, asyncio.Task[_Found]] = {}

    async def find(self, authorization: bytes) -> ApiKey:
        """The live key that this header holds.

        Raises:
            NotAuthenticated: it holds none, or one that is unknown, expired or revoked.
            Outage: the directory did not answer.
        """
        token = authorization[len(SCHEME) :]
        if not authorization.startswith(SCHEME) or len(token) > TOKEN_MAX:
            raise NotAuthenticated
        name = hashlib.sha256(token).digest()
        found = self._known.get(name)
        if found is None or found[1] < time.monotonic():
            found = await asyncio.shield(self._ask(name, token))  # others wait for it too
        key = found[0]
        if not self._is_live(key):
            raise NotAuthenticated
        _remember(self._believed, authorization, found, room=self._room)
        return key

    def remembered(self, authorization: bytes, now: float) -> ApiKey | None:
        """The live key that this header holds, if it was looked up a moment ago.  ``now`` is
        ``time.monotonic()``."""
        found = self._believed.get(authorization)
        if found is None or found[1] < now:
            return None
        if found[1] - now < self._ttl_s * RENEW_AT:
            self._renew(authorization, now)
        key = found[0]
        return None if key.expires_at is not None and not self._is_live(key) else key

    def _renew(self, authorization: bytes, now: float) -> None:
        """Look the key up again, beside whatever is going on."""
        if now < self._renewed.get(authorization, 0.0) + self._ttl_s * RENEW_EVERY:
            return
        _remember(self._renewed, authorization, now, room=self._room)
        token = authorization[len(SCHEME) :]
        asking = self._ask(hashlib.sha256(token).digest(), token)
        asking.add_done_callback(partial(self._note_renewed, authorization))

    def _note_renewed(self, authorization: bytes, asked: "asyncio.Task[_Found]") -> None:
        error = None if asked.cancelled() else asked.exception()
        if isinstance(error, NotAuthenticated):
            self._believed.pop(authorization, None)
        elif error is None and not asked.cancelled():
            if self._is_live(asked.result()[0]):
                _remember(self._believed, authorization, asked.result(), room=self._room)
            else:
                self._believed.pop(authorization, None)

    def _ask(self, name: bytes, token: bytes) -> "asyncio.Task[_Found]":
        """The query for this key: the one that is under way, if there is one."""
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.ensure_future(self._look_up(name, token))
            asking.add_done_callback(partial(self._note_asked, name))
        return asking

    def _note_asked(self, name: bytes, asked: "asyncio.Task[_Found]") -> None:
        del self._asking[name]
        if not asked.cancelled():
            asked.exception()  # seen: whoever still waits gets it all the same

    async def _look_up(self, name: bytes, token: bytes) -> _Found:
        now = time.monotonic()
        if self._unknown.get(name, 0.0) > now:
            raise NotAuthenticated
        key = await self._directory.find_by_secret(name)
        if key is None or not _names(token, key):
            self._known.pop(name, None)
            _remember(self._unknown, name, now + self._ttl_s, room=self._room)
            raise NotAuthenticated
        found = (key, now + self._ttl_s)
        _remember(self._known, name, found, room=self._room)
        return found

    def _is_live(self, key: ApiKey) -> bool:
        if key.revoked_at is not None:
            return False
        return key.expires_at is None or self._clock.now() < key.expires_at


def authorize(key: ApiKey | None, permission: str, taxpayer: str | None = None) -> ApiKey:
    """The caller's key, if it may do this, and for this taxpayer if one is named.

    Raises:
        NotAuthenticated, NotAllowed.
    """
    if key is None:
        raise NotAuthenticated
    if permission not in key.may:
        raise NotAllowed(what=permission)
    if taxpayer is not None and not key.acts_for(taxpayer):
        raise NotAllowed(what=f"{permission} {taxpayer}")
    return key


def _names(token: bytes, key: ApiKey) -> bool:
    expected = f"{PREFIX}_{key.key_id}_".encode()
    return hmac.compare_digest(token[: len(expected)], expected)


def _remember(memory: dict[bytes, _Value], name: bytes, value: _Value, *, room: int) -> None:
    """Keep ``value``; when the memory is full, forget all of it rather than grow."""
    if len(memory) >= room:
        memory.clear()
    memory[name] = value
