"""Under which name a log signs, and with what."""

from typing import NamedTuple

from kaipiao.evidence.note import Signer, VerifierKey


class Identity(NamedTuple):
    """One origin of a log.  The first signer is Ed25519, which ``key`` verifies: everyone can."""

    signers: tuple[Signer, ...]
    key: VerifierKey

    @property
    def origin(self) -> str:
        return self.key.name

    @property
    def file_name(self) -> str:
        """Where its checkpoint lies while it is not the newest origin."""
        return former_checkpoint_name(self.key)


def former_checkpoint_name(key: VerifierKey) -> str:
    return f"checkpoint.{key.key_id.hex()}"
