"""Seal vendors for tests: real servers of our protocol, each in a thread of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kaipiao.seal.check import seal_key
from kaipiao.seal.counter import BEHAVIOUR_NAME, SECRET_NAME, Counter, ensure_secret
from kaipiao.seal.ed25519 import open_ed25519
from kaipiao.seal.remote import RemoteVendor
from kaipiao.seal.roster import VendorPlan

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Elsewhere:
    """One vendor's server, and what a cell knows of it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        ensure_secret(folder)
        own = open_ed25519(folder, name, now=NOW)
        self.counter = Counter(("127.0.0.1", 0), folder, sign=own.sign, certificate=own.certificate)
        self.key = seal_key(name, own.certificate)
        self.url = f"http://127.0.0.1:{self.counter.server_address[1]}"

    def behave(self, behaviour: str) -> None:
        (self.folder / BEHAVIOUR_NAME).write_text(behaviour)

    def plan(self, **changes: object) -> VendorPlan:
        whole = {"name": self.name, "kind": "http", "url": self.url, "timeout_ms": 1_000}
        return VendorPlan(**(whole | changes))  # type: ignore[arg-type]

    def open(self, *, secret: str = "", timeout_s: float = 1.0) -> RemoteVendor:
        told = secret or (self.folder / SECRET_NAME).read_text().strip()
        return RemoteVendor(self.url, self.key, secret=told, at_once=4, timeout_s=timeout_s)


@contextmanager
def elsewhere(name: str, folder: Path) -> Iterator[Elsewhere]:
    vendor = Elsewhere(name, folder)
    thread = threading.Thread(target=vendor.counter.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        vendor.counter.shutdown()
        vendor.counter.server_close()
        thread.join(5)
