"""A seal vendor as a program of its own: its key and secret, made where it lives."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from kaipiao.app.clock import SystemClock
from kaipiao.seal.certificate import to_pem
from kaipiao.seal.counter import Counter, ensure_secret
from kaipiao.seal.ed25519 import open_ed25519

CERTIFICATE_NAME = "vendor.crt"


class VendorFiles(NamedTuple):
    """What a cell needs of it."""

    name: str
    certificate: Path
    secret: Path

    def entry(self, url: str) -> str:
        """For ``vendors`` in ``vendors.json``."""
        paths = {"certificate": str(self.certificate), "secret": str(self.secret)}
        return msgspec.json.encode({"name": self.name, "kind": "http", "url": url} | paths).decode()


def open_counter(folder: Path, *, host: str, port: int, name: str) -> tuple[Counter, VendorFiles]:
    """Listening; ``serve_forever`` answers.

    Raises:
        ValueError: the key there cannot be used.
        OSError: the port is taken, or the folder cannot be written.
    """
    folder = folder.resolve()
    secret = ensure_secret(folder)
    own = open_ed25519(folder, name, now=SystemClock().now())
    certificate = folder / CERTIFICATE_NAME
    certificate.write_text(to_pem("CERTIFICATE", own.certificate), "ascii")
    counter = Counter((host, port), folder, sign=own.sign, certificate=own.certificate)
    return counter, VendorFiles(folder.name, certificate, secret)
