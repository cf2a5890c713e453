"""Signers of a log's checkpoints: one for each algorithm, whoever holds the key."""

from collections.abc import Sequence

from kaipiao.evidence.algorithms import ML_DSA_44, compose_subtree_message
from kaipiao.evidence.checkpoint import parse_checkpoint
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.signing.crafts import CRAFTS, KINDS
from kaipiao.evidence.signing.files import FileSession
from kaipiao.evidence.signing.sessions import Found, Session

LABELS = tuple(craft.label for craft in CRAFTS.values())
_NO_TIME = bytes(8)
"""The log states no time: what was the largest tree when, is for witnesses to say."""


class KeySigner:
    """A note's signer whose key is somewhere in a session."""

    def __init__(self, session: Session, key: Found) -> None:
        self._session = session
        self._key = key
        self.verifier = VerifierKey(key.name, key.public, key.kind)

    def __repr__(self) -> str:
        return f"<KeySigner {self.verifier.name} {self.verifier.algorithm}>"

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    def sign(self, text: bytes) -> bytes:
        """What stands in the note's line, behind the key id.

        Raises:
            OSError: whoever holds the key does not answer.
            ValueError: ML-DSA-44 signs trees, and this text names none.
        """
        if self._key.kind != ML_DSA_44:
            return self._session.sign(self._key, text)
        tree = parse_checkpoint(text.decode())
        message = compose_subtree_message(tree, name=self.name, seconds=0)
        return _NO_TIME + self._session.sign(self._key, message)


def parse_labels(text: str) -> tuple[str, ...]:
    """Which signatures a log makes, in their order: ``ed25519,ml-dsa-44,sm2`` or fewer.

    Raises:
        ValueError: one is unknown, or Ed25519 is missing, which every reader needs.
    """
    wanted = [label.strip() for label in text.split(",")]
    if unknown := [label for label in wanted if label not in KINDS]:
        raise ValueError(f"no such signature: {unknown[0]}; there are {', '.join(LABELS)}")
    if LABELS[0] not in wanted:
        raise ValueError(f"{LABELS[0]} must be among them: every reader knows it")
    return tuple(label for label in LABELS if label in wanted)


def open_signers(session: FileSession, name: str, labels: Sequence[str]) -> tuple[KeySigner, ...]:
    """The keys in these files, made now where there is none.

    Raises:
        ValueError: a key signs for another name, or cannot be used.
        sm.SmBroken: SM2 is wanted, and this machine gets it wrong.
    """
    signers = []
    for label in labels:
        key = session.find(label) or session.make(label, name)
        if key.name != name:
            raise ValueError(f"{session.path(label)} signs for {key.name}, not for {name}")
        signers.append(KeySigner(session, key))
    return tuple(signers)
