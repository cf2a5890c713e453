"""One lab: its namespaces, its switch, and the members that run in it.

    kp-NAME-sw   the switch: one bridge, a port for each place
    kp-NAME-n1   a member: ``eth0`` with the member's own address
    kp-NAME-c    the client: the network's .9

``lab.json`` in the cell's folder is written before the first namespace is made.  A maker that
is killed at any point therefore leaves nothing that ``down`` does not find.
"""

import ipaddress
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from kaipiao.continuity.cluster.description import Description
from kaipiao.continuity.lab import clock, disk, made, roles, spaces
from kaipiao.continuity.lab.refused import LabRefused

CLIENT = "c"
SWITCH = "sw"
CLIENT_HOST = 9
"""The client's place in the members' network."""

PREFIX_BITS = 24
STOP_S = 10.0
"""So long a member may take to stop by itself; then it is killed."""

PROGRAM = (sys.executable, "-c", "from kaipiao.cli.main import main; main()")
"""This very program, whatever started it."""


class Lab:
    """The lab of one description.  Raises LabRefused where its addresses do not suit a lab."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.folder = description.folder
        self.members = tuple(member.name for member in description.members)
        self.addresses = addresses(description)

    def space(self, place: str) -> str:
        """The namespace of a member, of the client or of the switch."""
        return f"kp-{self.description.name}-{place}"

    def port(self, place: str) -> str:
        """The switch's port (a device in the switch's namespace) that leads to ``place``."""
        return f"p{list(self.addresses).index(place)}"

    def is_made(self) -> bool:
        return made.read_made(self.folder) is not None

    def is_up(self) -> bool:
        """Whether a supervisor runs in every member's namespace."""
        return self.is_made() and self.running() == list(self.members)

    def running(self) -> list[str]:
        """The members whose supervisor runs."""
        return [member for member in self.members if self.pids(member, "node")]

    def clock_file(self, member: str) -> Path:
        """It says how far the member's clock is off, if the members have clocks of their own."""
        return self.folder / member / "clock"

    def make(self, *, disks_mb: Mapping[str, int] | None = None, clocks: bool = False) -> None:
        """Make what is not there yet: namespaces, cables, and small disks for those named.

        ``clocks``: each member gets a wall clock of its own.

        Raises LabRefused: no root, no iproute2, no C compiler, or a namespace that is not ours.
        """
        spaces.check_tools()
        if clocks:
            clock.compile_clock(self.folder)
        record = self._intend(disks_mb or {}, has_clocks=clocks)
        for space in record.spaces.values():
            spaces.make_space(space, record.mark)
        self._lay_cables()
        for member, where in record.disks.items():
            disk.mount(Path(where), size_mb=(disks_mb or {}).get(member))

    def up(self) -> None:
        """Make the lab and start every member that does not run; does not wait for a quorum."""
        if not self.is_made():
            self.make()
        for member in set(self.members) - set(self.running()):
            self.restart(member)

    def restart(self, member: str) -> subprocess.Popen[bytes]:
        """Start ``kaipiao node up`` in the member's namespace; its output goes to node.log."""
        place = self.folder / member
        place.mkdir(parents=True, exist_ok=True)
        command = [*PROGRAM, "node", "up", "--member", member, str(self.description.file)]
        with (place / "node.log").open("ab") as log:
            return self.spawn(member, command, output=log, environ=self._environment(member))

    def _environment(self, member: str) -> dict[str, str] | None:
        """Ours, and the member's own clock; None: ours."""
        record = made.read_made(self.folder)
        if record is None or not record.has_clocks:
            return None
        return {**os.environ, **clock.environment(self.folder, self.clock_file(member))}

    def spawn(
        self,
        place: str,
        command: Sequence[str],
        *,
        output: IO[bytes] | int | None = subprocess.DEVNULL,
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Run ``command`` in a place (a member or ``c``), in a session of its own."""
        self._own(place)
        return subprocess.Popen(
            ["ip", "netns", "exec", self.space(place), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            env=environ,
            start_new_session=True,
        )

    def pids(self, member: str, role: roles.Role) -> list[int]:
        """The processes of a member in a role: the one whose death is the role's death first."""
        if not spaces.has_space(self.space(member)):
            return []
        self._own(member)
        return roles.of_role(spaces.processes(self.space(member)), role)

    def kill(
        self, member: str, role: roles.Role, what: signal.Signals = signal.SIGKILL
    ) -> list[int]:
        """A signal to every process of the role; those that were sent it."""
        found = self.pids(member, role)
        for pid in found:
            spaces.send(self.space(member), pid, what)
        return found

    def kill_member(self, member: str) -> int:
        """The machine loses its power: SIGKILL to everything in it.  How many processes."""
        self._own(member)
        count = 0
        while found := spaces.kill_all(self.space(member)):  # a dying supervisor may have started
            count += found  # one more while we looked
            time.sleep(0.02)
        return count

    def down(self) -> None:
        """Stop the members, undo faults, remove namespaces and mounts.  Data stays.  Re-run safe.

        Raises LabRefused: no root, or a namespace of this name bears another mark.
        """
        spaces.check_tools()
        record = made.read_made(self.folder)
        if record is None:
            return
        ours = self._ours(record)
        self._stop_members()
        for place in ours:
            self.kill_member(place)
        for where in record.disks.values():
            disk.unmount(Path(where))
        for place in ours:
            spaces.ip("netns", "del", self.space(place))
        made.forget_made(self.folder)

    def _ours(self, record: made.Made) -> list[str]:
        """The places that are there; raises LabRefused before anything is touched."""
        there = [p for p, space in record.spaces.items() if spaces.has_space(space)]
        for place in there:
            self._own(place)
        return there

    def _stop_members(self) -> None:
        for member in self.members:
            for pid in self.pids(member, "node"):
                for what in (signal.SIGCONT, signal.SIGTERM):  # a frozen one cannot hear
                    spaces.send(self.space(member), pid, what)
        until = time.monotonic() + STOP_S
        while self.running() and time.monotonic() < until:
            time.sleep(0.1)

    def _intend(self, disks_mb: Mapping[str, int], *, has_clocks: bool) -> made.Made:
        """Write down what will be made, before it is; a namespace of another's stops us here."""
        record = made.read_made(self.folder)
        if record is not None:
            return record
        named = {place: self.space(place) for place in (SWITCH, *self.addresses)}
        for space in named.values():
            if spaces.has_space(space):
                raise spaces.not_ours(space)
        where = {name: str(self.folder / name / "postgres") for name in disks_mb}
        mark = f"kaipiao {secrets.token_hex(8)}"
        record = made.Made(mark=mark, spaces=named, disks=where, has_clocks=has_clocks)
        made.write_made(self.folder, record)
        return record

    def _lay_cables(self) -> None:
        switch = self.space(SWITCH)
        if not spaces.has_device(switch, "br0"):
            spaces.ip("-n", switch, "link", "add", "br0", "type", "bridge")
            spaces.ip("-n", switch, "link", "set", "br0", "up")
        for place, address in self.addresses.items():
            port, space = self.port(place), self.space(place)
            if not spaces.has_device(switch, port):
                spaces.ip(
                    *("-n", switch, "link", "add", port, "type", "veth"),
                    *("peer", "name", "eth0", "netns", space),
                )
            spaces.ip("-n", switch, "link", "set", port, "master", "br0", "up")
            spaces.ip("-n", space, "addr", "replace", f"{address}/{PREFIX_BITS}", "dev", "eth0")
            spaces.ip("-n", space, "link", "set", "eth0", "up")

    def _own(self, place: str) -> None:
        """Raises LabRefused: the place is not there, or is not ours."""
        record = made.read_made(self.folder)
        space = self.space(place)
        if record is None or not spaces.has_space(space):
            start = f"kaipiao cluster up {self.description.file} --lab"
            raise LabRefused(
                zh=f"实验环境没有运行。启动: {start}",
                en=f"The lab is not up. To start it: {start}",
            )
        if not spaces.is_ours(space, record.mark):
            raise spaces.not_ours(space)


def addresses(description: Description) -> dict[str, str]:
    """The address of each place; the client's is chosen.  Raises LabRefused."""
    found = {member.name: member.address for member in description.members}
    first = description.members[0].address
    network = ipaddress.IPv4Network((first, PREFIX_BITS), strict=False)
    inside = all(ipaddress.IPv4Address(one) in network for one in found.values())
    client = str(network[CLIENT_HOST])
    if not inside or client in found.values() or {CLIENT, SWITCH} & found.keys():
        raise LabRefused(
            zh="实验环境中各成员的 address 须为同一 /24 网段的 IPv4 地址, 且不能是 .9 (客户端); "
            "成员名不能是 c 或 sw。",
            en="In a lab every member's address is of one /24 network, none is its .9, which is "
            "the client's, and no member is called c or sw.",
        )
    return {**found, CLIENT: client}


def enter(lab: Lab, arguments: Sequence[str] | None = None, *, place: str = CLIENT) -> None:
    """Carry on inside the lab, at ``place``, unless there is none or we are inside already.

    ``arguments`` are the command to carry on with; None: the one that was typed.
    """
    record = made.read_made(lab.folder)
    if record is None or any(map(spaces.is_inside, record.spaces.values())):
        return
    spaces.check_tools()
    sys.stdout.flush()
    sys.stderr.flush()
    typed = sys.argv[1:] if arguments is None else arguments
    os.execvp("ip", ["ip", "netns", "exec", lab.space(place), *PROGRAM, *typed])
