"""On what it was measured: nobody can compare without."""

import os
import platform
import statistics
import sysconfig
from pathlib import Path
from time import perf_counter

from kaipiao.app.twins import missing_twins

SYNCS = 60


def describe(scratch: Path, postgres: str) -> dict[str, object]:
    """The machine, in words and numbers."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "system": _system(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "python_optimized": "--enable-optimizations"
        in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "compiled": not missing_twins(),
        "postgresql": postgres,
        "file_system": _file_system(scratch),
        "sync_ms": round(_sync_ms(scratch), 3),
        "load_average_before": os.getloadavg()[0],
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _file_system(folder: Path) -> str:
    """The kind of the file system on which the databases lie; on a tmpfs nothing is durable."""
    best, kind = "", "?"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, found, *_ = line.split()
        if folder.is_relative_to(place) and len(place) >= len(best):
            best, kind = place, found
    return kind


def _sync_ms(folder: Path) -> float:
    """Forcing 8 KiB to the disk: the median."""
    took = []
    path = folder / "sync"
    with path.open("wb") as file:
        for _ in range(SYNCS):
            began = perf_counter()
            file.write(bytes(8192))
            file.flush()
            os.fdatasync(file.fileno())
            took.append(perf_counter() - began)
    path.unlink()
    return statistics.median(took) * 1e3
