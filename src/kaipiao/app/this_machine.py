"""The machine on which something was measured: a figure without it says nothing."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import msgspec

GIB = 1 << 30


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    cpu: str
    cores: int
    memory_gib: float
    system: str
    kernel: str
    python: str
    kaipiao: str
    file_system: str  # of the place that was measured


def describe_machine(place: Path) -> Machine:
    """What a reader must know to compare."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cpu=_field(Path("/proc/cpuinfo"), "model name", ":") or platform.machine(),
        cores=os.cpu_count() or 1,
        memory_gib=round(memory / GIB, 1),
        system=_field(Path("/etc/os-release"), "PRETTY_NAME", "=") or platform.system(),
        kernel=platform.release(),
        python=platform.python_version(),
        kaipiao=version("kaipiao"),
        file_system=_file_system(place),
    )


def _field(path: Path, name: str, mark: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(mark)[2] for line in lines if line.partition(mark)[0].strip() == name)
    return next(found, "").strip().strip('"')


def _file_system(place: Path) -> str:
    """The kind of the deepest mount above ``place``."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    above = {one[1]: one[2] for one in mounts if place.resolve().is_relative_to(one[1])}
    return above[max(above, key=len)] if above else ""
