"""A watch on the published log of every member: each checkpoint that was ever seen there."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from kaipiao.continuity.drill.books import checkpoint_of
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint
from kaipiao.evidence.note import VerifierKey

EVERY_S = 0.05


class Watch:
    """``seen``: by member, in the order in which they were published."""

    def __init__(self, logs: Mapping[str, Path], vkey: VerifierKey) -> None:
        self.seen: dict[str, list[Checkpoint]] = {name: [] for name in logs}
        self.faults: list[str] = []
        self._logs = logs
        self._vkey = vkey
        self._last: dict[str, str] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for name, folder in self._logs.items():
                self.look(name, folder)
            await asyncio.sleep(EVERY_S)

    def look(self, name: str, folder: Path) -> None:
        """Note the checkpoint in the folder if it is a new one."""
        try:
            note = (folder / CHECKPOINT_NAME).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        if note == self._last.get(name):
            return
        self._last[name] = note
        try:
            self.seen[name].append(checkpoint_of(note, self._vkey))
        except ValueError as error:
            self.faults.append(f"{name} published a checkpoint that is none: {error}")
