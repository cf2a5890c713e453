"""Wiring for ``kaipiao drill --lab``: a lab of its own for the drill, taken down afterwards."""

import ctypes
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from kaipiao.app.bundles import make_bundles, put_in_place
from kaipiao.app.drill import drill_on, undisturbed
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


async def drill_in_a_lab(
    experiments: list[Experiment], *, seed: int, scratch: str | None, say: Say
) -> AsyncIterator[Journal]:
    """One lab, the drills one after the other; each journal as soon as it is there.

    Raises:
        StageRefused: no lab can be made here, or it is not steady; nothing of others was touched.
    """
    with_disks = any(one.name in ON_DISKS for one in experiments)
    async with open_lab_stage(scratch, with_disks=with_disks, say=say) as stage:
        for place, experiment in enumerate(experiments):
            yield await drill_on(stage, experiment, seed=seed + place, say=say)


@asynccontextmanager
async def open_lab_stage(
    scratch: str | None, *, with_disks: bool, say: Say
) -> AsyncIterator[MembersStage]:
    """Three members that run inside the block; our process stands beside their client.

    Raises StageRefused: no root, no namespaces, no Patroni.
    """
    folder = _folder(scratch)
    lab = _lab(folder)
    try:
        say(f"making a lab of three members in {folder}")
        _make(lab, with_disks=with_disks)  # not in a thread: it would keep the old network
        with standing_in(spaces.RUN / lab.space(CLIENT)):
            yield MembersStage(lab)
    except LabRefused as refused:
        raise StageRefused(zh=refused.zh, en=refused.en) from refused
    finally:
        with undisturbed():
            lab.down()
            shutil.rmtree(folder)


def _folder(scratch: str | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kaipiao-drill-", dir=scratch))
    folder.chmod(0o711)  # the database's user must pass through
    return folder


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

    Home again afterwards: whoever ends the namespace ends those who stand in it.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        with space.open("rb") as there:
            _move(there.fileno())
        yield
    finally:
        _move(home)
        os.close(home)


def _move(network: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(network, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
