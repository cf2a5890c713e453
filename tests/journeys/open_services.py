"""A witness or a mirror as its operator meets it: a process with a ready file."""

import json
import subprocess
import time
from pathlib import Path

from tests.journeys.cells import KAIPIAO, environment

START_WITHIN_S = 30.0


class OpenService:
    """A running ``kaipiao witness up`` or ``kaipiao mirror up``."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ready_file = folder / "told-when-ready"
        self.ready_file.unlink(missing_ok=True)  # of one that was killed
        self.said = folder / "said"
        told = [*arguments, "--data", folder, "--port", "0", "--ready-file", self.ready_file]
        with self.said.open("ab") as errors:
            self.process = subprocess.Popen(
                [KAIPIAO, *map(str, told)],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=environment(),
            )

    def __enter__(self) -> "OpenService":
        deadline = time.monotonic() + START_WITHIN_S
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(self.said.read_text())
            time.sleep(0.02)
        self.told = json.loads(self.ready_file.read_text())
        self.url = str(self.told["url"])
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
