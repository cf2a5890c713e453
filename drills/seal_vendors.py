"""Seal vendors under drill: programs of their own, told by a file how to behave."""

import json
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL

from bench import processes
from drills.cell import free_port

UP_WITHIN_S = 30.0


class VendorProgram:
    """``kaipiao seal vendor up`` in a folder of its own."""

    def __init__(self, folder: Path, behaviour: str) -> None:
        self.folder = folder
        self.port = free_port()
        folder.mkdir()
        self.behave(behaviour)
        self._process = processes.start(
            str(Path(sys.executable).with_name("kaipiao")),
            *("seal", "vendor", "up", str(folder), "--port", str(self.port)),
            stdout=DEVNULL,
        )

    def behave(self, behaviour: str) -> None:
        (self.folder / "behaviour").write_text(behaviour)

    def wait_until_up(self) -> None:
        """Raises OSError: it does not answer."""
        deadline = time.monotonic() + UP_WITHIN_S
        while True:
            try:
                self.counts()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def counts(self) -> dict[str, int]:
        """``asked`` and ``signed`` since it started.  Raises OSError."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
            told: dict[str, int] = json.load(answer)
        return told

    def entry(self, **more: object) -> dict[str, object]:
        """For ``vendors`` in ``vendors.json``."""
        return {
            "name": self.folder.name,
            "kind": "http",
            "url": f"http://127.0.0.1:{self.port}",
            "certificate": str(self.folder / "vendor.crt"),
            "secret": str(self.folder / "vendor.secret"),
            **more,
        }

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            self._process.terminate()
        self._process.wait(10)
