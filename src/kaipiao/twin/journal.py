"""What happened, line by line, in virtual time; one digest tells whether it was the same."""

import asyncio
import hashlib


class Journal:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        now_s = asyncio.get_running_loop().time()
        self.lines.append(f"{now_s:13.6f} {line}")

    def digest(self) -> str:
        """SHA-256 of every line, in hex."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
