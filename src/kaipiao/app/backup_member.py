"""Backups of a cluster, kept by one of its members.

The stream comes from whoever leads, through the member's own checked route; its slot is in the
cluster's shared configuration, so that every primary has it and it survives a failover.  Base
backups are taken from a standby, the member's own if it is one: the primary has enough to do.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from kaipiao.app.backup_at import MEMORY_NAME, At
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder
from kaipiao.app.settings import Settings
from kaipiao.continuity.backup.shelf import Series, Shelf, history_of
from kaipiao.continuity.backup.stream import drop_slot, make_slot, slot_for
from kaipiao.continuity.backup.take import Cell
from kaipiao.continuity.backup.tools import Reach, Tools
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.continuity.cluster.acts import ActRefused
from kaipiao.continuity.cluster.description import Description, Member, read_description
from kaipiao.continuity.cluster.places import Home, home_of
from kaipiao.continuity.cluster.route import LOOPBACK
from kaipiao.continuity.cluster.slots import keep_slot, let_slot_go
from kaipiao.continuity.cluster.view import MemberView, look
from kaipiao.errors import Outage
from kaipiao.ledger.embedded.account import choose_account
from kaipiao.ledger.embedded.cluster import written_by
from kaipiao.ledger.embedded.passwords import BACKUP, keep_password
from kaipiao.ledger.embedded.programs import find_programs, make_reachable

STREAMING = ("streaming", "running")
"""What Patroni says of a standby from which one may copy."""


def find_member(settings: Settings, folder: Path) -> At:
    """The member that this cell is, with its backups in ``folder``.

    Raises:
        BackupWrong: the folder is closed to the database's user, or the member has no data yet.
        DescriptionWrong, OSError: the cluster's description cannot be read.
    """
    description = read_description(Path(settings.cluster_file))
    member = description.member(settings.cluster_member)
    home = home_of(description, member)
    tools = _tools(home)
    tools.open_shelf(folder)
    memory = CellFolder(settings.data).run / MEMORY_NAME
    password = keep_password(home.secrets, BACKUP)
    return At(
        shelf=Shelf(folder),
        series=Shelf(folder).series_of(memory, SystemClock().now()),
        cell=Cell(Path(settings.data), settings.area, settings.log_origin, history_of(memory)),
        tools=tools,
        reach=Reach(LOOPBACK, description.ports.route, password),
        base=lambda: choose_base(description, member, password),
        slot=slot_for(folder, member.name),
        slots=SharedSlots(description),
    )


def choose_base(description: Description, member: Member, password: str) -> Reach:
    """Where to copy from now: our own server if it is a standby, else another's, else the primary.

    Raises Outage: nobody can be copied.
    """
    for one in _by_preference(look(description).members, member.name):
        if one.name == member.name:
            sockets = home_of(description, member).sockets
            return Reach(str(sockets), description.ports.postgres, password)
        return Reach(one.address, description.ports.postgres, password)
    raise Outage("postgresql")


def _by_preference(members: tuple[MemberView, ...], own: str) -> Iterator[MemberView]:
    able = [one for one in members if one.is_reachable and one.state in STREAMING]
    standbys = [one for one in able if one.role == "standby"]
    yield from sorted(standbys, key=lambda one: one.name != own)
    yield from (one for one in able if one.role == "primary")


class SharedSlots:
    """Slots that Patroni gives to every member that may come to lead, and moves along with us."""

    def __init__(self, description: Description) -> None:
        self._description = description

    def make(self, tools: Tools, reach: Reach, series: Series, slot: str) -> None:
        """Raises BackupWrong, Outage."""
        _as_ours(keep_slot, self._description, slot)
        make_slot(tools, reach, series, slot)

    def drop(self, tools: Tools, reach: Reach, series: Series, slot: str) -> None:
        """Raises BackupWrong, Outage."""
        _as_ours(let_slot_go, self._description, slot)
        drop_slot(tools, reach, series, slot)


def _as_ours(act: Callable[[Description, str], None], description: Description, slot: str) -> None:
    try:
        act(description, slot)
    except ActRefused as refused:
        raise BackupWrong(zh=refused.zh, en=refused.en) from None
    except OSError as error:
        raise Outage("patroni") from error


def _tools(home: Home) -> Tools:
    if (version := written_by(home.data)) is None:
        raise BackupWrong(
            zh=f"成员的数据库 {home.data} 还不存在: 等它加入集群后再试。",
            en=f"The member's database {home.data} is not there yet: try again when it has joined.",
        )
    account = choose_account(home.data)
    return Tools(make_reachable(find_programs(written_by=version), account), account)
