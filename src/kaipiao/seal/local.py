"""The local seal: this platform's own SM2 key, kept in one file that only its owner can read.

``seal.pem`` holds the key (PKCS #8) and its certificate; ``seal.crt`` is the certificate alone,
which everyone may have.  The secret is in no argument, no log line and no repr.
"""

import os
from datetime import datetime
from pathlib import Path

from kaipiao.base import der
from kaipiao.base.secret_file import read_secret, write_secret
from kaipiao.base.sm import (
    PRIVATE_BYTES,
    PUBLIC_BYTES,
    SM2_WITH_SM3_OID,
    is_signed,
    make_keys,
    sign,
)
from kaipiao.base.unreadable import Unreadable
from kaipiao.ports import Mark
from kaipiao.seal.certificate import (
    algorithm,
    make_certificate,
    name_in,
    parse_pem,
    to_pem,
)

KEY_NAME = "seal.pem"
CERTIFICATE_NAME = "seal.crt"
KEY_CHARS_MAX = 8_192
SERIAL_BYTES = 15


class LocalSeal:
    """Signs with the platform's own key; CPU only, about 2 ms, so it never has an outage."""

    def __init__(self, *, private_key: bytes, public_key: bytes, certificate: bytes) -> None:
        assert len(private_key) == PRIVATE_BYTES
        assert len(public_key) == PUBLIC_BYTES
        self._private_key = private_key
        self.public_key = public_key
        self.certificate = certificate
        self._who = name_in(certificate)

    def __repr__(self) -> str:
        return f"<LocalSeal {self.public_key[:4].hex()}…>"

    def sign(self, data: bytes) -> bytes:
        """DER, r and s."""
        return sign(data, private_key=self._private_key, public_key=self.public_key)

    async def seal(self, data: bytes) -> Mark:
        return Mark(
            signature=self.sign(data),
            certificate=self.certificate,
            algorithm=SM2_WITH_SM3_OID,
            who=self._who,
        )


def open_seal(folder: Path, platform: str, *, now: datetime) -> LocalSeal:
    """The seal in this folder, made now if there is none; ``platform`` is then named in it.

    Raises:
        ValueError: the file there is no seal, or others on this machine may read it.
    """
    try:
        return load_seal(folder)
    except FileNotFoundError:
        return create_seal(folder, platform, now=now)


def create_seal(folder: Path, platform: str, *, now: datetime) -> LocalSeal:
    """Make a key and the certificate that says whose it is.

    Raises:
        FileExistsError: there is one.  What it sealed must stay checkable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    private_key, public_key = make_keys()
    certificate = make_certificate(
        platform,
        private_key=private_key,
        public_key=public_key,
        serial=int.from_bytes(os.urandom(SERIAL_BYTES), "big") + 1,
        made_at=now,
    )
    secret = to_pem("PRIVATE KEY", _compose_key(private_key, public_key))
    public = to_pem("CERTIFICATE", certificate)
    write_secret(folder / KEY_NAME, secret + public)
    (folder / CERTIFICATE_NAME).write_text(public, encoding="ascii")
    return LocalSeal(private_key=private_key, public_key=public_key, certificate=certificate)


def load_seal(folder: Path) -> LocalSeal:
    """Load the seal, and write ``seal.crt`` again should it be missing.

    Raises:
        FileNotFoundError: there is none yet.
        ValueError: the file is no seal, or others on this machine may read it.
    """
    text = read_secret(folder / KEY_NAME, chars_max=KEY_CHARS_MAX)
    private_key, public_key = _parse_key(parse_pem("PRIVATE KEY", text))
    certificate = parse_pem("CERTIFICATE", text)
    if not (folder / CERTIFICATE_NAME).exists():
        public = to_pem("CERTIFICATE", certificate)
        (folder / CERTIFICATE_NAME).write_text(public, encoding="ascii")
    return _seal(private_key, public_key, certificate)


def _seal(private_key: bytes, public_key: bytes, certificate: bytes) -> LocalSeal:
    """Raises ValueError: what should be the certificate is none."""
    try:
        return LocalSeal(private_key=private_key, public_key=public_key, certificate=certificate)
    except (Unreadable, IndexError):
        raise ValueError("the seal's certificate is damaged") from None


def _compose_key(private_key: bytes, public_key: bytes) -> bytes:
    """PKCS #8 around RFC 5915."""
    point = der.context(1, der.bits(b"\x04" + public_key))
    key = der.sequence(der.integer(1), der.octets(private_key), point)
    return der.sequence(der.integer(0), algorithm(), der.octets(key))


def _parse_key(content: bytes) -> tuple[bytes, bytes]:
    """Private and public key, which must belong together.  Raises ValueError."""
    try:
        key = der.parse_der(der.parse_der(content).as_sequence()[2].as_octets()).as_sequence()
        private_key = key[1].as_octets()
        public_key = key[2].children()[0].as_bits()[1:]
    except (Unreadable, IndexError):
        raise ValueError("this is not an SM2 key") from None
    if len(private_key) != PRIVATE_BYTES or len(public_key) != PUBLIC_BYTES:
        raise ValueError("this is not an SM2 key")
    probe = sign(b"probe", private_key=private_key, public_key=public_key)
    if not is_signed(b"probe", signature=probe, public_key=public_key):
        raise ValueError("the seal's keys do not belong together")
    return private_key, public_key
