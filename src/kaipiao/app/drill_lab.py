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
from typing import NamedTuple

from kaipiao.app.bundles import make_bundles, put_in_place
from kaipiao.app.drill_series import (
    Planned,
    drill_while_it_holds,
    make_folder,
    plan,
    undisturbed,
)
from kaipiao.continuity.cluster.description import read_description
from kaipiao.continuity.drill.experiment import Experiment
from kaipiao.continuity.drill.journal import Journal
from kaipiao.continuity.drill.members import MembersStage
from kaipiao.continuity.drill.perform import Say
from kaipiao.continuity.drill.stage import StageRefused
from kaipiao.continuity.lab import spaces
from kaipiao.continuity.lab.lab import CLIENT, Lab
from kaipiao.continuity.lab.refused import LabRefused
from kaipiao.continuity.lab.three import ETCD, RAFT, compose_three

CLONE_NEWNET = 0x4000_0000
DISK_MB = 900
"""For the drills whose fault is a disk: a database, its write-ahead log, and little more."""

ON_DISKS = ("slow-disk", "full-disk")
DCS = {"raft": RAFT, "etcd": ETCD}
"""Who remembers who leads, by its name, as the description says it."""


class Needs(NamedTuple):
    """What members must have for themselves, so that it can be broken: small disks, clocks."""

    disks: bool
    clocks: bool


class ScratchLab:
    """A lab of our own.  ``stays``: it is not taken down at the end of the block."""

    def __init__(self, lab: Lab) -> None:
        self.stage = MembersStage(lab)
        self.stays = False


async def drill_in_a_lab(
    experiments: list[Experiment],
    *,
    seed: int,
    scratch: str | None,
    keep: bool,
    say: Say,
    dcs: str = "raft",
) -> AsyncIterator[Journal]:
    """The drills one after the other; each journal as soon as it is there.

    ``dcs``: one of DCS.
    ``keep``: the lab of a drill that did not hold is left as it is, and no other drill follows.

    Raises:
        StageRefused: no lab can be made here, or it is not steady; nothing of others was touched.
    """
    left = plan(sorted(experiments, key=has_clock), seed)
    while left:
        alike = [one for one in left if has_clock(one.experiment) == has_clock(left[0].experiment)]
        del left[: len(alike)]
        async with open_lab(scratch, needs_of(alike), say, dcs=dcs) as lab:
            async for journal in drill_while_it_holds(lab, alike, keep=keep, say=say):
                yield journal
        if lab.stays:
            return
        left = alike + left  # what is left of them, after one that did not hold


def has_clock(experiment: Experiment) -> bool:
    """Whether it needs members with clocks of their own, which cost the others a little."""
    return bool(experiment.clock_s)


def needs_of(alike: list[Planned]) -> Needs:
    every = [one.experiment for one in alike]
    return Needs(any(one.name in ON_DISKS for one in every), any(map(has_clock, every)))


@asynccontextmanager
async def open_lab(
    scratch: str | None, needs: Needs, say: Say, *, dcs: str = "raft"
) -> AsyncIterator[ScratchLab]:
    """Three members that run inside the block; our process stands beside their client.

    Raises StageRefused: no root, no namespaces, no Patroni, no etcd where one is asked for.
    """
    if dcs == "etcd" and shutil.which("etcd") is None:
        raise StageRefused(
            zh="PATH 中没有 etcd。请安装: apt install etcd-server",
            en="There is no etcd on the PATH. Install it: apt install etcd-server",
        )
    folder = make_folder(scratch)
    lab = _lab(folder, dcs)
    ours = ScratchLab(lab)
    try:
        say(f"在 {folder} 中建立三个成员", f"making a lab of three members in {folder}")
        _make(lab, needs)  # not in a thread: it would keep the old network
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


def _lab(folder: Path, dcs: str) -> Lab:
    file = folder / "cell.toml"
    name = f"drill-{secrets.token_hex(2)}"
    text = compose_three(folder / "cell", name=name, dcs=DCS[dcs])
    file.write_text(text, encoding="utf-8")
    return Lab(read_description(file))


def _make(lab: Lab, needs: Needs) -> None:
    disks_mb = dict.fromkeys(lab.members, DISK_MB) if needs.disks else None
    lab.make(disks_mb=disks_mb, clocks=needs.clocks)
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
