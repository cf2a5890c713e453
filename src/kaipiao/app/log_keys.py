"""The keys of a cell's log: opened at every start, and watched for a change."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import datetime

from kaipiao.app.folder import CellFolder
from kaipiao.app.settings import Settings
from kaipiao.evidence.signing.keyring import ORIGINS_NAME, Keyring, open_keyring
from kaipiao.evidence.signing.signers import parse_labels

LOOK_EVERY_S = 1.0

log = logging.getLogger(__name__)


def open_log_keys(folder: CellFolder, settings: Settings, *, now: datetime) -> Keyring:
    """Raises ValueError, SmBroken: see ``keyring.open_keyring``."""
    labels = parse_labels(settings.log_signatures)
    return open_keyring(folder.secrets, settings.log_origin, labels, now=now)


async def key_changes(folder: CellFolder) -> AsyncIterator[None]:
    """One item whenever the list of origins has become another one."""
    before = _stamp(folder)
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if (now := _stamp(folder)) != before:
            before = now  # a change while somebody acts on this one is the next item
            log.warning("the log has a new origin: our processes take it up one after another")
            yield


def _stamp(folder: CellFolder) -> int:
    try:
        return (folder.secrets / ORIGINS_NAME).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
