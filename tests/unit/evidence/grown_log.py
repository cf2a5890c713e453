"""A log in memory that can prove its growth, or tell another story with the same key."""

from base64 import b64encode

from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.note import compose_note
from kaipiao.evidence.witness.submission import compose_submission
from tests.unit.evidence.fakes import ORIGIN, make_leaves, make_signer
from tests.unit.evidence.rfc6962 import slow_proof, slow_root


class GrownLog:
    """``first`` leaves of ``history`` and then those of another one: a fork, if they differ."""

    def __init__(
        self, name: str = ORIGIN, *, first: int = 600, then: str = "first", total: int = 600
    ) -> None:
        self.signer = make_signer(name)
        self.vkey = self.signer.verifier
        self._leaves = make_leaves(total)[:first] + make_leaves(total, history=then)[first:]

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.vkey.name, size, slow_root(self._leaves[:size]))

    def note(self, size: int, *, root: bytes | None = None) -> str:
        checkpoint = self.checkpoint(size)
        told = Checkpoint(checkpoint.origin, size, root or checkpoint.root)
        return compose_note(compose_checkpoint(told), [self.signer])

    def proof(self, old: int, new: int) -> list[bytes]:
        return slow_proof(old, self._leaves[:new]) if 0 < old < new else []

    def submission(self, old: int, new: int) -> bytes:
        return compose_submission(old, self.proof(old, new), self.note(new))


def in_base64(root: bytes) -> str:
    return b64encode(root).decode()
