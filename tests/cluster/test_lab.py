"""A lab is real namespaces with real cables; it breaks what is its own, and nothing else.

Needs root and iproute2, and a kernel that lets us make namespaces; skipped with its reason.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kaipiao.app.clock import SystemClock
from kaipiao.continuity.cluster.description import Description, read_description
from kaipiao.continuity.lab import clock, spaces
from kaipiao.continuity.lab.faults import Faults
from kaipiao.continuity.lab.lab import Lab
from kaipiao.continuity.lab.made import read_made
from kaipiao.continuity.lab.refused import LabRefused
from kaipiao.continuity.lab.three import compose_three

PORT = 7000
LISTEN = """
import socket, sys
server = socket.create_server(("", int(sys.argv[1])))
while True:
    server.accept()[0].close()
"""
CONNECT = """
import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=0.3)
"""
TELL_TIME = """
import sys, time
for line in sys.stdin:
    print(time.time())
"""
FREEZE_S = 0.2


@pytest.fixture
def description(scratch: Path) -> Description:
    file = scratch / "cell.toml"
    file.write_text(compose_three(scratch / "cell", name=f"t{secrets.token_hex(4)}"))
    return read_description(file)


@pytest.fixture
def lab(description: Description) -> Iterator[Lab]:
    lab = Lab(description)
    try:
        lab.make()
    except LabRefused as why:
        pytest.skip(str(why))
    yield lab
    lab.down()
    assert not spaces.has_space(lab.space("n1"))


def listen(lab: Lab) -> None:
    """Every member answers on PORT, and is waited for."""
    for member in lab.members:
        lab.spawn(member, [sys.executable, "-c", LISTEN, str(PORT)])
    until = time.monotonic() + 10
    while not all(reaches(lab, member, member) for member in lab.members):
        assert time.monotonic() < until


def reaches(lab: Lab, sender: str, receiver: str) -> bool:
    command = [sys.executable, "-S", "-c", CONNECT, lab.addresses[receiver], str(PORT)]
    return lab.spawn(sender, command).wait() == 0


def test_a_cable_is_cut_and_put_back_both_ways_and_one_way(lab: Lab) -> None:
    listen(lab)
    faults = Faults(lab)
    assert reaches(lab, "c", "n1")

    undo = faults.cut("n1")
    assert not reaches(lab, "c", "n1")
    assert reaches(lab, "c", "n2"), "nobody else is cut"
    undo()
    assert reaches(lab, "c", "n1")

    faults.cut_one_way("n1", "n2")
    assert not reaches(lab, "n2", "n1"), "the answer is lost on its way"
    assert reaches(lab, "n1", "n3")
    faults.heal()
    assert reaches(lab, "n2", "n1")


def test_nothing_of_it_is_reachable_from_this_machine(lab: Lab) -> None:
    listen(lab)

    with pytest.raises(OSError):
        socket.create_connection((lab.addresses["n1"], PORT), timeout=0.2)


def test_a_frozen_process_is_thawed_by_its_undo(lab: Lab) -> None:
    place = lab.folder / "n1" / "cell"
    command = [sys.executable, "-c", "import time; time.sleep(60)", "up", str(place)]
    process = lab.spawn("n1", command)
    while not (pids := lab.pids("n1", "cell")):
        time.sleep(0.02)
    assert pids == [process.pid]

    undo = Faults(lab).freeze("n1", "cell")
    assert state(process.pid) == "T"
    undo()
    assert state(process.pid) == "S"


def test_one_member_s_clock_is_stepped_and_nobody_else_s(description: Description) -> None:
    lab = Lab(description)
    try:
        lab.make(clocks=True)
    except LabRefused as why:
        pytest.skip(str(why))
    try:
        n1, n2 = (clock_of(lab, member) for member in ("n1", "n2"))
        assert [abs(next(n1)) < 60, abs(next(n2)) < 60] == [True, True]

        undo = Faults(lab).step_clock("n1", 3_600)
        assert [round(next(n1), -1), round(next(n2), -1)] == [3_600, 0], (
            "a process that runs sees it"
        )
        undo()
        assert round(next(n1), -1) == 0
    finally:
        lab.down()


def clock_of(lab: Lab, member: str) -> Iterator[float]:
    """How far ahead of ours a running process of the member finds its clock, when asked."""
    (lab.folder / member).mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, **clock.environment(lab.folder, lab.clock_file(member))}
    telling = subprocess.Popen(
        [sys.executable, "-S", "-u", "-c", TELL_TIME],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
    )
    assert telling.stdin
    assert telling.stdout
    with telling:
        try:
            while True:
                telling.stdin.write(b"\n")
                telling.stdin.flush()
                yield float(telling.stdout.readline()) - SystemClock().now().timestamp()
        finally:
            telling.kill()


def state(pid: int) -> str:
    time.sleep(FREEZE_S)
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_namespace_of_somebody_else_is_neither_used_nor_removed(lab: Lab) -> None:
    theirs = lab.space("n2")
    spaces.ip("-n", theirs, "link", "set", "lo", "alias", "somebody else's")

    with pytest.raises(LabRefused, match="did not make it"):
        lab.spawn("n2", ["true"])
    with pytest.raises(LabRefused, match="nothing was touched"):
        lab.down()
    assert spaces.has_space(lab.space("n1")), "not even the others, before all are known as ours"

    record = read_made(lab.folder)
    assert record is not None
    spaces.ip("-n", theirs, "link", "set", "lo", "alias", record.mark)


def test_a_second_lab_of_the_same_name_is_refused(lab: Lab, scratch: Path) -> None:
    file = scratch / "other.toml"
    file.write_text(compose_three(scratch / "other", name=lab.description.name))

    with pytest.raises(LabRefused, match="Choose another name"):
        Lab(read_description(file)).make()
    assert not (scratch / "other").exists()


def test_what_a_killed_maker_left_is_cleaned_up_by_the_next_down(description: Description) -> None:
    if os.geteuid() != 0:
        pytest.skip("namespaces need root")
    code = (
        "import sys; from pathlib import Path\n"
        "from kaipiao.continuity.cluster.description import read_description\n"
        "from kaipiao.continuity.lab.lab import Lab\n"
        "Lab(read_description(Path(sys.argv[1]))).make()\n"
    )
    lab = Lab(description)
    maker = subprocess.Popen([sys.executable, "-c", code, str(description.file)])
    while not spaces.has_space(lab.space("n1")):
        if maker.poll() is not None:
            pytest.skip("namespaces are not allowed here")
    maker.send_signal(signal.SIGKILL)
    maker.wait()

    lab.down()

    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert f"kp-{description.name}-" not in left.stdout
    assert read_made(lab.folder) is None
