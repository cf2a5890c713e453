"""Who is calling: API keys (``Authorization: Bearer kp_<id>_<secret>``).

Only the SHA-256 of a key leaves this file, for the directory to look up.  What it says is
believed for a few seconds, so a flood of calls is not a flood of queries, and a revoked key
dies within that time.
"""

import hashlib
import hmac
import secrets
import time
from typing import TypeVar

from kaipiao.errors import NotAllowed, NotAuthenticated
from kaipiao.gateway.limits import Limits
from kaipiao.ports import ApiKey, Clock, Directory

SCHEME = b"Bearer "
PREFIX = "kp"
SECRET_BYTES = 32
TOKEN_MAX = 200
_Value = TypeVar("_Value")
PERMISSIONS = frozenset({"issue", "read", "confirm", "grant", "deliver", "admin"})


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
        self._known: dict[bytes, tuple[ApiKey, float]] = {}
        self._unknown: dict[bytes, float] = {}
        self._believed: dict[bytes, tuple[ApiKey, float]] = {}  # by the header, as it came

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
            found = await self._look_up(name, token)
        key = found[0]
        if key.revoked_at is not None or self._is_expired(key):
            raise NotAuthenticated
        _remember(self._believed, authorization, found, room=self._room)
        return key

    def remembered(self, authorization: bytes, now: float) -> ApiKey | None:
        """The live key that this header holds, if it was looked up a moment ago.  ``now`` is
        ``time.monotonic()``."""
        found = self._believed.get(authorization)
        if found is None or found[1] < now:
            return None
        key = found[0]
        return None if key.expires_at is not None and self._is_expired(key) else key

    async def _look_up(self, name: bytes, token: bytes) -> tuple[ApiKey, float]:
        now = time.monotonic()
        if self._unknown.get(name, 0.0) > now:
            raise NotAuthenticated
        key = await self._directory.find_by_secret(name)
        if key is None or not _names(token, key):
            _remember(self._unknown, name, now + self._ttl_s, room=self._room)
            raise NotAuthenticated
        found = (key, now + self._ttl_s)
        _remember(self._known, name, found, room=self._room)
        return found

    def _is_expired(self, key: ApiKey) -> bool:
        return key.expires_at is not None and key.expires_at <= self._clock.now()


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
