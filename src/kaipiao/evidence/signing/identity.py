"""Under which name a log signs, with what, and until when."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from kaipiao.evidence.note import Signer, VerifierKey


class LogSigner(Signer, Protocol):
    """A signer that says how its signatures are verified."""

    @property
    def verifier(self) -> VerifierKey: ...


class Identity(NamedTuple):
    """One origin of a log.  ``key`` is its Ed25519 key, and the first signer's: all can verify it.

    One whose time is over has no signers; what it signed before is known by its key.
    """

    signers: Sequence[Signer]
    key: VerifierKey
    until: datetime | None = None  # a former origin's: when its last checkpoint is due

    @property
    def origin(self) -> str:
        return self.key.name

    def signs_at(self, now: datetime) -> bool:
        return bool(self.signers) and (self.until is None or now < self.until)


def former_checkpoint_name(key: VerifierKey) -> str:
    """Where checkpoints of an origin lie when it is no longer the newest."""
    return f"former/{key.key_id.hex()}/checkpoint"
