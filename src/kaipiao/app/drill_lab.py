"""Wiring for ``kaipiao drill --lab``: a lab of its own for the drills, taken down afterwards.

One lab serves drill after drill.  After one that did not hold the next begins in a fresh lab; or
the lab is left as it is, if that was asked for, because what happened is in its logs.
"""

import asyncio
import ctypes
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from kaipiao.app.bundles import make_bundles, put_in_place
from kaipiao.app.drill_series import drill_while_it_holds, make_folder, plan, undisturbed
from kaipiao.continuity.cluster.description import read_description
from kaipiao.continuity.drill.experiment import Experiment
from kaipiao.continuity.drill.journal import Journal
from kaipiao.continuity.drill.members import MembersStage
from kaipiao.continuity.drill.perform import Say
from kaipiao.continuity.drill.stage import StageRefused
from kaipiao.continuity.lab import spaces
from kaipiao.continuity.lab.lab import CLIENT, Lab
from kaipiao.continuity.lab.refused import LabRefused

CLONE_NEWNET = 0x4000_0000
DISK_MB = 900
"""For the drills whose fault is a disk: a database, its write-ahead log, and little more."""

ON_DISKS = ("slow-disk", "full-disk")
DESCRIPTION = """\
name = "{name}"
area = 33
folder = "{folder}"
[dcs]
kind = "raft"
[[member]]
name = "n1"
address = "192.0.2.1"
[[member]]
name = "n2"
address = "192.0.2.2"
[[member]]
name = "n3"
address = "192.0.2.3"
[settings]
workers = 1
"""


class ScratchLab:
    """A lab of our own.  ``stays``: it is not taken down at the end of the block."""

    def __init__(self, lab: Lab) -> None:
        self.stage = MembersStage(lab)
        self.stays = False


async def drill_in_a_lab(
    experiments: list[Experiment], *, seed: int, scratch: str | None, keep: bool, say: Say
) -> AsyncIterator[Journal]:
    """The drills one after the other; each journal as soon as it is there.

    ``keep``: the lab of a drill that did not hold is left as it is, and no other drill follows.

    Raises:
        StageRefused: no lab can be made here, or it is not steady; nothing of others was touched.
    """
    with_disks = any(one.name in ON_DISKS for one in experiments)
    left = plan(experiments, seed)
    while left:
        async with open_lab(scratch, with_disks=with_disks, say=say) as lab:
            async for journal in drill_while_it_holds(lab, left, keep=keep, say=say):
                yield journal
        if lab.stays:
            return


@asynccontextmanager
async def open_lab(scratch: str | None, *, with_disks: bool, say: Say) -> AsyncIterator[ScratchLab]:
    """Three members that run inside the block; our process stands beside their client.

    Raises StageRefused: no root, no namespaces, no Patroni.
    """
    folder = make_folder(scratch)
    lab = _lab(folder)
    ours = ScratchLab(lab)
    try:
        say(f"在 {folder} 中建立三个成员", f"making a lab of three members in {folder}")
        _make(lab, with_disks=with_disks)  # not in a thread: it would keep the old network
        with standing_in(spaces.RUN / lab.space(CLIENT)):
            yield ours
    except LabRefused as refused:
        raise StageRefused(zh=refused.zh, en=refused.en) from refused
    finally:
        if ours.stays:
            _tell_where(lab, folder, say)
        else:
            with undisturbed():
                lab.down()
                shutil.rmtree(folder)


def _tell_where(lab: Lab, folder: Path, say: Say) -> None:
    file = lab.description.file
    look, down = f"kaipiao cluster status {file}", f"kaipiao cluster down {file} && rm -r {folder}"
    say(
        f"实验环境原样保留, 日志在 {lab.folder}/成员/。查看: {look}。用完请删除: {down}",
        f"The lab is left as it is; logs are in {lab.folder}/MEMBER/. To look: {look}. "
        f"To take it down: {down}",
    )


def _lab(folder: Path) -> Lab:
    file = folder / "cell.toml"
    name = f"drill-{secrets.token_hex(2)}"
    file.write_text(DESCRIPTION.format(name=name, folder=folder / "cell"), encoding="utf-8")
    return Lab(read_description(file))


def _make(lab: Lab, *, with_disks: bool) -> None:
    lab.make(disks_mb=dict.fromkeys(lab.members, DISK_MB) if with_disks else None)
    bundles = lab.folder / "bundles"
    make_bundles(lab.description, bundles)
    put_in_place(lab.description, bundles)
    lab.up()


@contextmanager
def standing_in(space: Path) -> Iterator[None]:
    """This thread's network is the namespace's, and that of threads it starts meanwhile.

    Home again afterwards: whoever ends the namespace ends those who stand in it.  The loop gets
    threads of its own: older ones stand where they were started.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        with space.open("rb") as there:
            _move(there.fileno())
        with ThreadPoolExecutor() as threads:
            asyncio.get_running_loop().set_default_executor(threads)
            yield
    finally:
        _move(home)
        os.close(home)


def _move(network: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(network, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
