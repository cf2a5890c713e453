"""Network namespaces by ``ip`` (iproute2): make one, mark it, see whose it is, end it.

The mark is the alias of the namespace's loopback device: it lives and dies with the namespace, so
it cannot be wrong about it as a file could.
"""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from kaipiao.continuity.lab.refused import LabRefused

RUN = Path("/run/netns")
IP_TIMEOUT_S = 20.0


def check_tools() -> None:
    """Raises LabRefused without root or without iproute2."""
    if os.geteuid() != 0:
        raise LabRefused(
            zh="实验环境要建立网络命名空间, 需要 root。请用 sudo 重新运行。",
            en="A lab makes network namespaces and needs root. Run it again with sudo.",
        )
    if shutil.which("ip") is None:
        raise LabRefused(
            zh="实验环境需要 iproute2 (命令 ip)。请安装: apt-get install iproute2",
            en="A lab needs iproute2 (the command ip). Install it: apt-get install iproute2",
        )


def ip(*arguments: str) -> str:
    """Run ``ip``; what it printed.  Raises LabRefused with its own words."""
    done = subprocess.run(
        ["ip", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=IP_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip()
        raise LabRefused(
            zh=f"ip {' '.join(arguments)} 失败: {said}。是否在不允许网络命名空间的容器中?",
            en=f"ip {' '.join(arguments)} failed: {said}. "
            "Is this a container that may not make network namespaces?",
        )
    return done.stdout


def has_space(space: str) -> bool:
    return (RUN / space).exists()


def has_device(space: str, name: str) -> bool:
    links = json.loads(ip("-n", space, "-json", "link", "show"))
    return any(link["ifname"] == name for link in links)


def not_ours(space: str) -> LabRefused:
    return LabRefused(
        zh=f"网络命名空间 {space} 已存在, 且不是本实验环境建立的; 未作改动。"
        "请在描述文件中换一个 name, 或自行删除它: ip netns del",
        en=f"The network namespace {space} exists and this lab did not make it; nothing was "
        "touched. Choose another name in the description, or remove it yourself: ip netns del",
    )


def make_space(space: str, mark: str) -> None:
    """A marked namespace with its loopback up; the one that is there, if it is ours."""
    if not has_space(space):
        ip("netns", "add", space)
    elif not is_ours(space, mark):
        raise not_ours(space)
    ip("-n", space, "link", "set", "lo", "alias", mark)
    ip("-n", space, "link", "set", "lo", "up")


def is_ours(space: str, mark: str) -> bool:
    """Whether it bears our mark; or none, and is empty: our maker was killed before marking it."""
    links = json.loads(ip("-n", space, "-json", "link", "show"))
    alias = next((link.get("ifalias") for link in links if link["ifname"] == "lo"), None)
    if alias is None:
        return len(links) == 1 and not processes(space)
    return bool(alias == mark)


def processes(space: str) -> list[int]:
    """Every process whose network is this namespace."""
    return [int(pid) for pid in ip("netns", "pids", space).split()]


def is_inside(space: str, pid: int | str = "self") -> bool:
    """Whether a process lives in this namespace.  False if either is gone."""
    try:
        return os.path.samefile(f"/proc/{pid}/ns/net", RUN / space)
    except OSError:
        return False


def kill_all(space: str) -> int:
    """SIGKILL to whatever lives in the namespace; how many were sent one."""
    found = processes(space)
    for pid in found:
        send(space, pid, signal.SIGKILL)
    return len(found)


def send(space: str, pid: int, what: signal.Signals) -> None:
    """A signal to a process of this namespace, and to no other that has got its number since."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if is_inside(space, pid):
            signal.pidfd_send_signal(handle, what)
    except ProcessLookupError:
        pass  # it ended by itself
    finally:
        os.close(handle)
