"""Where keys are: a session that finds a key by its label and signs bytes with it.

That is all we ask, and it is the shape of PKCS#11 (``C_FindObjects`` by ``CKA_LABEL``, ``C_Sign``),
so a card, a module or a service can stand in for our files: give it a class with these two
methods and hand it to ``signers.open_signer``.  What never leaves a session is the secret.
"""

from typing import NamedTuple, Protocol


class Found(NamedTuple):
    """A key in a session: which it is, and what everyone may know of it."""

    label: str
    name: str  # the origin it signs for
    kind: bytes  # of ``algorithms.ALGORITHMS``
    public: bytes


class Session(Protocol):
    def find(self, label: str) -> Found | None:
        """The key with this label; None if there is none.

        Raises:
            ValueError: there is something, and it cannot be used.
        """
        ...

    def sign(self, key: Found, data: bytes) -> bytes:
        """The bare signature of the key's algorithm over ``data``.

        Raises:
            OSError: whoever holds the key does not answer, or refuses.
        """
        ...
