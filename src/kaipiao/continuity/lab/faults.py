"""What can go wrong with a machine, done on purpose; each fault gives back its undo.

    cut            its cable is out: packets vanish, the device stays up, nobody is told
    cut_one_way    what one member sends another vanishes; the other direction works
    freeze         every process of a role (or of the member) stops, and knows nothing of it
    slow_disk      writes stall for most of the time (needs a disk of its own: Lab.make)
    full_disk      not a byte is left (needs a disk of its own)
    step_clock     its time of day jumps (needs a clock of its own: Lab.make)

An undo may be called twice.
"""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from kaipiao.continuity.lab import clock, disk, roles, spaces
from kaipiao.continuity.lab.lab import SWITCH, Lab
from kaipiao.continuity.lab.refused import LabRefused

Undo = Callable[[], None]

NOWHERE = "02:00:00:00:00:fe"
"""A hardware address that no member has: the switch floods it, and nobody takes it."""

STALL_S, BREATH_S = 0.4, 0.05
"""A slow disk: so long nothing is written, so long it is."""

BALLAST = "ballast"


class Faults:
    """Faults of one lab; ``heal`` undoes those that are left, the last first."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._undos: list[Undo] = []

    def cut(self, member: str) -> Undo:
        """Take the member's cable out of the switch, both ways, without a carrier's loss."""
        switch, port = self._lab.space(SWITCH), self._lab.port(member)
        spaces.ip("-n", switch, "link", "set", port, "nomaster")
        return self._undone_by(
            lambda: spaces.ip("-n", switch, "link", "set", port, "master", "br0")
        )

    def cut_one_way(self, sender: str, receiver: str) -> Undo:
        """What ``sender`` sends to ``receiver`` is lost on the way."""
        space, address = self._lab.space(sender), self._lab.addresses[receiver]
        neighbour = ("-n", space, "neigh")
        spaces.ip(*neighbour, "replace", address, "lladdr", NOWHERE, "dev", "eth0")
        spaces.ip(*neighbour, "change", address, "dev", "eth0", "nud", "permanent")

        def undo() -> None:
            if NOWHERE in spaces.ip(*neighbour, "show", address, "dev", "eth0"):
                spaces.ip(*neighbour, "del", address, "dev", "eth0")

        return self._undone_by(undo)

    def freeze(self, member: str, role: roles.Role) -> Undo:
        """Stop what is running of the role, as a long pause of the machine would."""
        frozen = self._lab.kill(member, role, signal.SIGSTOP)
        space = self._lab.space(member)

        def undo() -> None:
            for pid in frozen:
                spaces.send(space, pid, signal.SIGCONT)

        return self._undone_by(undo)

    def slow_disk(self, member: str) -> Undo:
        """Stall the member's disk again and again, until undone.  Raises LabRefused: no disk."""
        where = self._disk(member)
        loop = (
            f"while fsfreeze -f '{where}'; do sleep {STALL_S}; "
            f"fsfreeze -u '{where}'; sleep {BREATH_S}; done"
        )
        stalling = self._lab.spawn(member, ["/bin/sh", "-c", loop])

        def undo() -> None:
            if stalling.poll() is None:
                os.killpg(stalling.pid, signal.SIGKILL)
                stalling.wait()
            disk.thaw(where)

        return self._undone_by(undo)

    def full_disk(self, member: str) -> Undo:
        """Write the member's disk full.  Raises LabRefused: it has no disk of its own."""
        where = self._disk(member)
        ballast = where / BALLAST
        for block in ("1M", "1K"):  # the large blocks, then what a large one no longer fits
            write = ["dd", "if=/dev/zero", f"of={ballast}", "oflag=append", "conv=notrunc,fsync"]
            subprocess.run([*write, f"bs={block}"], capture_output=True, check=False)
        return self._undone_by(lambda: ballast.unlink(missing_ok=True))

    def step_clock(self, member: str, by_s: int) -> Undo:
        """The member's clock jumps, for every program of it; undone, it jumps back.

        Raises LabRefused: it has no clock of its own.
        """
        file = self._lab.clock_file(member)
        if not file.exists():
            raise LabRefused(
                zh=f"成员 {member} 没有自己的时钟。请以 clocks=True 重建实验环境。",
                en=f"{member} has no clock of its own. Make the lab with clocks=True.",
            )
        clock.step(file, by_s)
        return self._undone_by(lambda: clock.step(file, 0))

    def heal(self) -> None:
        """Undo every fault that nobody has undone yet."""
        while self._undos:
            self._undos.pop()()

    def _undone_by(self, act: Callable[[], object]) -> Undo:
        def undo() -> None:
            act()
            if undo in self._undos:
                self._undos.remove(undo)

        self._undos.append(undo)
        return undo

    def _disk(self, member: str) -> Path:
        where = self._lab.folder / member / "postgres"
        if not where.is_mount():
            raise LabRefused(
                zh=f"成员 {member} 没有自己的小磁盘, 不能写满或拖慢整台机器的磁盘。"
                "请以 disks_mb 重建实验环境。",
                en=f"{member} has no small disk of its own, and the machine's is not ours to "
                "fill or slow. Make the lab with disks_mb.",
            )
        return where
