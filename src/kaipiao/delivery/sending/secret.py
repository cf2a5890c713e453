"""What is signed: webhooks (Standard Webhooks 1.0.0) and download links.

One key in the cell's secrets, 32 random bytes; everything else is derived from it and from a
name, so nothing secret is in the database or its backups.  Every machine of a cell needs the
same file.
"""

import base64
import hashlib
import hmac
import os
from datetime import datetime, timedelta
from pathlib import Path

from kaipiao.fiscal.delivery import DownloadLink, StandingOrder

KEY_NAME = "delivery.key"
KEY_BYTES = 32
OLD_SECRET_LASTS = timedelta(hours=24)
"""After a rotation the old secret signs as well for so long."""

_OTHERS = 0o077
_MAC_BYTES = 18


def open_delivery_key(folder: Path) -> bytes:
    """The cell's key, made now if there is none.

    Raises:
        ValueError: the file is no key, or others on this machine may read it.
    """
    path = folder / KEY_NAME
    if not path.exists():
        _make(path)
    if path.stat().st_mode & _OTHERS:
        raise ValueError(f"others may read {path}; type: chmod 600 {path}")
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is not a delivery key; put back the one from your backup")
    return key


def _make(path: Path) -> None:
    """Whole or not at all; of two that make one at once, the first wins."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


def webhook_secret(key: bytes, order_id: str, generation: int) -> str:
    """``whsec_…``, for whoever receives the webhook; generation 1 is the first."""
    derived = _derive(key, f"webhook\0{order_id}\0{generation}")
    return "whsec_" + base64.b64encode(derived).decode()


def sign_webhook(
    key: bytes, order: StandingOrder, *, webhook_id: str, at: datetime, body: bytes
) -> str:
    """The header ``webhook-signature``; two signatures for a day after a rotation."""
    generations = [order.generation]
    if order.rotated_at is not None and at - order.rotated_at < OLD_SECRET_LASTS:
        generations.append(order.generation - 1)
    signed = f"{webhook_id}.{int(at.timestamp())}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(_mac(_derive_webhook(key, order, one), signed)).decode()
        for one in generations
    )


def link_token(key: bytes, link: DownloadLink) -> str:
    """The last part of a download link: its id, and the proof that we made it."""
    return f"{link.link_id}{_link_mac(key, link.link_id)}"


def link_id_of(key: bytes, token: str) -> str | None:
    """The id in a token of ours; None for anything else, before any question to the ledger."""
    link_id, mac = token[:LINK_ID_CHARS], token[LINK_ID_CHARS:]
    ours = token.isascii() and hmac.compare_digest(mac, _link_mac(key, link_id))
    return link_id if ours else None


LINK_ID_CHARS = 16


def compose_link_id() -> str:
    return base64.urlsafe_b64encode(os.urandom(12)).decode()


def _link_mac(key: bytes, link_id: str) -> str:
    mac = _mac(_derive(key, "link"), link_id.encode())[:_MAC_BYTES]
    return base64.urlsafe_b64encode(mac).decode()


def _derive_webhook(key: bytes, order: StandingOrder, generation: int) -> bytes:
    return _derive(key, f"webhook\0{order.order_id}\0{generation}")


def _derive(key: bytes, name: str) -> bytes:
    return _mac(key, f"kaipiao delivery 1\0{name}".encode())


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)
