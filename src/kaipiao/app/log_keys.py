"""The keys of a cell's log: opened at every start, and watched for a change."""

import asyncio
import logging
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


async def until_keys_change(folder: CellFolder) -> None:
    """Return when the list of origins is another one than now."""
    before = _stamp(folder)
    while _stamp(folder) == before:
        await asyncio.sleep(LOOK_EVERY_S)
    log.warning("the log has a new origin: our processes take it up one after another")


def _stamp(folder: CellFolder) -> int:
    try:
        return (folder.secrets / ORIGINS_NAME).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
