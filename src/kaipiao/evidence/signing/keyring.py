"""All origins that a log ever had, with their keys and times (密钥轮换).

The tree never begins anew; the name and the keys under which it is signed do, each quarter.  For
``OVERLAP_DAYS`` after a change the former origin's checkpoints are published, too, so that nobody
who pinned its key is left standing.  Old receipts stay good under the old key for ever.

    secrets/log.origins          who was when, in order; holds no secret
    secrets/log.key, …           the keys of the first origin
    secrets/log-keys/2/log.key   those of the second, and so on
    secrets/log.vkey             the newest origin's Ed25519 key, as everyone exchanges it
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.note import VerifierKey, parse_vkey
from kaipiao.evidence.signing.files import FileSession
from kaipiao.evidence.signing.identity import Identity
from kaipiao.evidence.signing.signers import KeySigner, open_signers

OVERLAP_DAYS = 30
ORIGINS_NAME = "log.origins"
LATER_KEYS = "log-keys"


class Period(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One origin of the log, as it is published."""

    origin: str
    vkeys: tuple[str, ...]  # Ed25519 first
    since: datetime
    until: datetime | None = None  # the end of its overlap with the next; None: the newest
    announcement: str = ""  # leaf (hex) of the entry that brought it in; none for the first

    @property
    def key(self) -> VerifierKey:
        return parse_vkey(self.vkeys[0])


class Keyring:
    """Of one cell; ``labels`` say which signatures it makes (``signers.parse_labels``)."""

    def __init__(self, secrets: Path, periods: Sequence[Period], labels: Sequence[str]) -> None:
        self._secrets = secrets
        self._labels = labels
        self.periods = tuple(periods)

    @property
    def log(self) -> str:
        """The first origin, by which the ledger knows this log."""
        return self.periods[0].origin

    @property
    def newest(self) -> Period:
        return self.periods[-1]

    def signers(self) -> tuple[KeySigner, ...]:
        """Of the newest origin.  Raises as ``signers.open_signers``."""
        return self._open(len(self.periods), self.newest.origin)

    def former(self, now: datetime) -> tuple[Identity, ...]:
        """All earlier origins, newest first; with signers while their overlap lasts."""
        found = []
        for place, period in reversed(list(enumerate(self.periods[:-1], 1))):
            is_due = period.until is not None and now < period.until
            signers = self._open(place, period.origin) if is_due else ()
            found.append(Identity(signers, period.key, period.until))
        return tuple(found)

    def prepare(self, origin: str) -> tuple[KeySigner, ...]:
        """Keys for the next origin: made now, or by an earlier try that broke off.

        Raises:
            ValueError: this origin was used before, or the earlier try was for another one.
        """
        if any(origin == period.origin for period in self.periods):
            raise ValueError(f"{origin} was an origin of this log before")
        return self._open(len(self.periods) + 1, origin)

    def prepared_folder(self) -> Path:
        return self._folder(len(self.periods) + 1)

    def turn(self, origin: str, announcement: str, now: datetime) -> "Keyring":
        """Let the prepared origin be the newest from ``now`` on; durable when it returns."""
        vkeys = tuple(str(signer.verifier) for signer in self.prepare(origin))
        ending = msgspec.structs.replace(self.newest, until=now + timedelta(days=OVERLAP_DAYS))
        begun = Period(origin=origin, vkeys=vkeys, since=now, announcement=announcement)
        turned = Keyring(self._secrets, (*self.periods[:-1], ending, begun), self._labels)
        turned.save()
        return turned

    def save(self) -> None:
        encoded = msgspec.json.format(msgspec.json.encode(self.periods), indent=2)
        write_whole(self._secrets / ORIGINS_NAME, encoded + b"\n")
        self.save_vkey()

    def save_vkey(self) -> None:
        path, content = self._secrets / VKEY_NAME, f"{self.newest.vkeys[0]}\n".encode()
        if not path.exists() or path.read_bytes() != content:
            write_whole(path, content, mode=0o644)

    def _open(self, place: int, origin: str) -> tuple[KeySigner, ...]:
        return open_signers(FileSession(self._folder(place)), origin, self._labels)

    def _folder(self, place: int) -> Path:
        return self._secrets if place == 1 else self._secrets / LATER_KEYS / str(place)


def read_periods(secrets: Path) -> tuple[Period, ...]:
    """What was saved; empty if nothing was.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        content = (secrets / ORIGINS_NAME).read_bytes()
    except FileNotFoundError:
        return ()
    return msgspec.json.decode(content, type=tuple[Period, ...])


def open_keyring(secrets: Path, log: str, labels: Sequence[str], *, now: datetime) -> Keyring:
    """The cell's keys, made now where there are none; an algorithm that is new gets its key.

    Raises:
        ValueError: the keys there belong to a log of another name, or cannot be used.
        sm.SmBroken: SM2 is wanted, and this machine gets it wrong.
    """
    periods = read_periods(secrets)
    if periods and periods[0].origin != log:
        raise ValueError(f"the keys in {secrets} sign for {periods[0].origin}, not for {log}")
    keyring = Keyring(secrets, periods or [Period(origin=log, vkeys=(), since=now)], labels)
    vkeys = tuple(str(signer.verifier) for signer in keyring.signers())
    known = keyring.newest.vkeys
    vkeys = (*vkeys, *(vkey for vkey in known if vkey not in vkeys))  # it signed earlier ones
    if vkeys != known:
        newest = msgspec.structs.replace(keyring.newest, vkeys=vkeys)
        keyring = Keyring(secrets, (*keyring.periods[:-1], newest), labels)
        keyring.save()
    keyring.save_vkey()
    return keyring
