"""The log's signing key (签名密钥): made once, kept in one file that only its owner can read.

``log.key`` holds the secret in the signed-note form ``PRIVATE+KEY+name+key id+base64``, and
``log.vkey`` what everyone may know.  The secret is in no argument, no log line and no repr.
"""

import os
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kaipiao.base.secret_file import read_secret, write_secret
from kaipiao.evidence.note import ED25519, VerifierKey, is_key_name, parse_base64

KEY_NAME = "log.key"
VKEY_NAME = "log.vkey"
KEY_CHARS_MAX = 1024
_PREFIX = "PRIVATE+KEY"
_SEED_BYTES = 32


class Ed25519Signer:
    def __init__(self, name: str, seed: bytes) -> None:
        assert is_key_name(name)
        assert len(seed) == _SEED_BYTES
        self._secret = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._secret.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"<Ed25519Signer {self.verifier}>"

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    def sign(self, text: bytes) -> bytes:
        return self._secret.sign(text)


def create_key(folder: Path, name: str) -> Ed25519Signer:
    """Make the key of a new log; ``name`` is the log's name, as ``kaipiao.example/31-1``.

    Raises:
        FileExistsError: there is one.  A log that changes its key is another log.
        ValueError: no note can carry this name.
    """
    if not is_key_name(name):
        raise ValueError(f"a log's name has no space, plus or control character: {name!r}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    seed = os.urandom(_SEED_BYTES)
    signer = Ed25519Signer(name, seed)
    secret = b64encode(ED25519 + seed).decode()
    write_secret(folder / KEY_NAME, f"{_PREFIX}+{name}+{signer.key_id.hex()}+{secret}\n")
    (folder / VKEY_NAME).write_text(f"{signer.verifier}\n", encoding="utf-8")
    return signer


def load_key(folder: Path) -> Ed25519Signer:
    """Load the key, and write ``log.vkey`` again should it be missing.

    Raises:
        FileNotFoundError: there is no key yet.
        ValueError: the file is no key, or others on this machine may read it.
    """
    signer = _parse_key(read_secret(folder / KEY_NAME, chars_max=KEY_CHARS_MAX))
    if not (folder / VKEY_NAME).exists():
        (folder / VKEY_NAME).write_text(f"{signer.verifier}\n", encoding="utf-8")
    return signer


def open_key(folder: Path, name: str) -> Ed25519Signer:
    """The key in this folder, made now if there is none.

    Raises:
        ValueError: the key there belongs to a log of another name, or cannot be used.
    """
    try:
        signer = load_key(folder)
    except FileNotFoundError:
        return create_key(folder, name)
    if signer.name != name:
        raise ValueError(f"the key in {folder} signs for {signer.name}, not for {name}")
    return signer


def _parse_key(text: str) -> Ed25519Signer:
    private, key, name, key_id, encoded = [*text.strip().split("+", 4), *[""] * 5][:5]
    content = parse_base64(encoded)
    well_formed = f"{private}+{key}" == _PREFIX and is_key_name(name)
    if not well_formed or len(content) != 1 + _SEED_BYTES or content[:1] != ED25519:
        raise ValueError("this is not an Ed25519 signing key")
    signer = Ed25519Signer(name, content[1:])
    if signer.key_id.hex() != key_id:
        raise ValueError("the signing key's parts do not belong together")
    return signer
