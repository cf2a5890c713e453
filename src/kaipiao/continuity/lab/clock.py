"""A wall clock of a member's own, that can be stepped alone.

A namespace has none: time namespaces move the monotonic clocks only, and the machine's wall
clock is everybody's.  So whatever a member runs is started with a few lines of C before libc,
compiled when the lab is made, which add what a file says to every answer about the time of day.
Monotonic clocks stay as they are, as at a real step.

libfaketime does the same and was tried first: its semaphores, named by a process's number, are
root's after a program became another user, and Envoy hangs in it.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

from kaipiao.continuity.lab.refused import LabRefused

SOURCE = Path(__file__).with_name("clock.c")
LIBRARY = "clock.so"
VARIABLE = "KAIPIAO_LAB_CLOCK"
READABLE = 0o644


def compile_clock(folder: Path) -> None:
    """Into the lab's folder, where the database's account can read it.

    Raises LabRefused: no C compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise LabRefused(
            zh="给成员自己的时钟需要 C 编译器 (命令 cc)。请安装: apt-get install gcc libc6-dev",
            en="A clock for each member needs a C compiler (the command cc). Install it: "
            "apt-get install gcc libc6-dev",
        )
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / LIBRARY
    command = [compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip()
        raise LabRefused(zh=f"{SOURCE} 无法编译: {said}", en=f"{SOURCE} does not compile: {said}")
    library.chmod(READABLE)


def environment(folder: Path, file: Path) -> dict[str, str]:
    """The variables that a member is started with; ``file`` says how far its clock is off."""
    if not file.exists():
        step(file, 0)
    return {"LD_PRELOAD": str(folder / LIBRARY), VARIABLE: str(file)}


def carried(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a member's supervisor hands to what it starts; nothing outside of such a lab."""
    names = ("LD_PRELOAD", VARIABLE) if VARIABLE in environ else ()
    return {name: environ[name] for name in names if name in environ}


def step(file: Path, off_s: int) -> None:
    """From now on the clock of whoever has mapped ``file`` is off by so many seconds."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT, READABLE)  # the same file: it is mapped
    try:
        os.pwrite(handle, struct.pack("@q", off_s), 0)
    finally:
        os.close(handle)
