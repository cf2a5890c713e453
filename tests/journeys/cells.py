"""A cell as its operator meets it: processes, files, and the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

KAIPIAO = Path(sys.executable).with_name("kaipiao")
START_WITHIN_S = 60.0


def environment(**more: str) -> dict[str, str]:
    """Nothing of ours from outside; English, so that tests can read it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KAIPIAO_")}
    return kept | {"KAIPIAO_LANG": "en"} | more


def kaipiao(*arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    env, within_s = environment(**options.pop("env", {})), options.pop("within_s", 60)
    return subprocess.run(
        [KAIPIAO, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=within_s,
        env=env,
        check=False,
        **options,
    )


class Cell:
    """A running ``kaipiao up``."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.ready_file = folder / "told-when-ready"
        self.ready_file.unlink(missing_ok=True)  # of one that was killed
        self.errors = (folder / "said").open("ab")
        command = [KAIPIAO, "up", "--data", folder, "--port", "0", "--ready-file", self.ready_file]
        self.process = subprocess.Popen(
            [*map(str, command), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=self.errors,
            env=environment(),
        )

    def wait_until_ready(self) -> "Cell":
        deadline = time.monotonic() + START_WITHIN_S
        while not self.ready_file.exists():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)
        told = json.loads(self.ready_file.read_text())
        self.url, self.key_file = str(told["url"]), Path(told["key_file"])
        self.key = self.key_file.read_text().strip()
        return self

    def said(self) -> str:
        return Path(self.errors.name).read_text()

    def run(self, *arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
        """A command of the command line, against this cell."""
        return kaipiao(*arguments, env=self.environment, **options)

    @property
    def environment(self) -> dict[str, str]:
        return {"KAIPIAO_URL": self.url, "KAIPIAO_KEY_FILE": str(self.key_file)}

    def http(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {self.key}"}, timeout=30
        )

    def children(self, containing: str) -> list[int]:
        """The processes directly below the supervisor whose command line holds this."""
        return [pid for pid in descendants(self.process.pid) if containing in command_line(pid)]

    def stop(self) -> float:
        """SIGTERM; how many seconds it took."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        self.errors.close()
        return time.monotonic() - began


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Cell]:
    cell = Cell(folder, *arguments)
    try:
        yield cell.wait_until_ready()
    finally:
        cell.stop()


def descendants(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    direct = [int(child) for child in listed]
    return direct + [below for child in direct for below in descendants(child)]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def wait_until(holds: Any, within_s: float, why: str) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)
