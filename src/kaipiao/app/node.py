"""``kaipiao node up``: one member of a cluster, with its cell."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from kaipiao.app.folder import CellFolder, OnlySupervisor
from kaipiao.app.journal import keep_journal
from kaipiao.app.recover_watch import keep_recovering
from kaipiao.app.settings import PREFIX, Settings, load_settings
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.node import CellProgram, Node, Pids
from kaipiao.continuity.cluster.places import AUTHORITY, Home, home_of
from kaipiao.continuity.cluster.route import LOOPBACK
from kaipiao.continuity.cluster.slots import keeper_of
from kaipiao.continuity.cluster.tls import FOLDER as TLS
from kaipiao.continuity.cluster.words import Sentence
from kaipiao.ledger.embedded.passwords import APP, OWNER, compose_dsn_by

PROGRAM = (sys.executable, "-c", "from kaipiao.cli.main import main; main()", "up")
"""This very program, whatever started it."""

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What a cell sees of our environment: nothing that could change a setting on one member."""


async def run_node(
    description: Description,
    member: Member,
    *,
    announce: Callable[[Pids], None],
    tell: Callable[[Sentence], None],
) -> None:
    """Run a member until SIGTERM, SIGINT or SIGHUP.

    ``announce`` hears what runs, ``tell`` what was done without being asked, and why.

    Raises:
        SettingsWrong, BundleMissing, AlreadyRunning, DatabaseWontStart: nothing was started.
    """
    home = home_of(description, member)
    environ = cell_environment(description, member, os.environ)
    check_settings(environ)
    folder = NodeFolder(home)
    folder.make()
    with OnlySupervisor(folder):
        keep_journal(folder.logs, "node")
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        node = Node(description, member, CellProgram(PROGRAM, environ), tell=tell)
        async with recovering(description, member, tell):
            await node.run(stop, announce=announce)


@asynccontextmanager
async def recovering(
    description: Description, member: Member, tell: Callable[[Sentence], None]
) -> AsyncIterator[None]:
    """Inside the block this machine's cell is recovered from what is known and safe."""
    folder = CellFolder(str(home_of(description, member).cell))
    task = asyncio.create_task(keep_recovering(folder, tell)) if member.has_data else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


class NodeFolder(CellFolder):
    """The member's own folder, for its lock and its journal; the cell's is inside it."""

    def __init__(self, home: Home) -> None:
        super().__init__(str(home.path))

    def make(self) -> None:
        for folder in (self.path, self.logs, self.run):
            folder.mkdir(parents=True, exist_ok=True)
        self.logs.chmod(0o700)
        self.run.chmod(0o700)


def check_settings(environ: Mapping[str, str]) -> Settings:
    """What the cell will make of them.  Raises SettingsWrong."""
    return load_settings({}, environ)


def cell_environment(
    description: Description, member: Member, ours: Mapping[str, str]
) -> dict[str, str]:
    """The member's cell in variables: what the description says, and the way to its database.

    The address of the database names a file that holds the password, so it is no secret itself.
    """
    home = home_of(description, member)
    route = f"{LOOPBACK}:{description.ports.route}"
    authority = home.secrets / TLS / AUTHORITY if description.server.speaks_tls else None
    own = {
        **description.settings,
        "data": home.cell,
        "host": member.address,
        "port": description.ports.http,
        "area": description.area,
        "cluster_file": description.file,
        "cluster_member": member.name,
        "dsn": compose_dsn_by(route, secrets=home.secrets, role=APP, authority=authority),
        "dsn_owner": compose_dsn_by(route, secrets=home.secrets, role=OWNER, authority=authority),
    }
    if member != keeper_of(description):
        own |= dict.fromkeys(("backup_folder", "backup_second_folder"), "")
    inherited = {name: ours[name] for name in INHERITED if name in ours}
    return inherited | {f"{PREFIX}{name.upper()}": str(value) for name, value in own.items()}
