"""A mirror: a whole log copied over HTTP from another mirror, every file proved and forced to disk.

Source, copier and network are this one machine, so the figure is what a fast network would give.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from bench.evidence.logs import Log
from kaipiao.app.mirror import LOG_NAME, copy_once

START_WITHIN_S = 30.0


def mirrored_rate(place: Path, log: Log) -> float:
    """Entries a second of a first copy."""
    keys = [log.signer.verifier]
    copy_once(str(log.folder), keys, place / "source")
    with _served(place / "source", log) as url:
        began = perf_counter()
        copied = copy_once(url, keys, place / "copy")
        took_s = perf_counter() - began
    assert (place / "copy" / LOG_NAME / "checkpoint").exists()
    return copied.entries / took_s


@contextmanager
def _served(folder: Path, log: Log) -> Iterator[str]:
    """A mirror as a process of its own; it follows the log's folder, which does not grow."""
    ready = folder / "ready.json"
    command = [sys.executable, "-c", "from kaipiao.cli.main import main; main()", "mirror", "up"]
    options = ["--key", log.signer.verifier, "--data", folder, "--ready-file", ready, "--port", "0"]
    serving = subprocess.Popen(
        [*command, *map(str, [log.folder, *options])], stdout=subprocess.DEVNULL
    )
    try:
        yield _address(ready)
    finally:
        serving.terminate()
        serving.wait()


def _address(ready: Path) -> str:
    deadline = time.monotonic() + START_WITHIN_S
    while not ready.exists():
        assert time.monotonic() < deadline, "the mirror did not start"
        time.sleep(0.02)
    return str(json.loads(ready.read_bytes())["url"])
