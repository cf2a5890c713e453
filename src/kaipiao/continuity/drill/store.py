"""Who leads the store that Patroni keeps its decisions in, asked of its members."""

from typing import Any

from kaipiao.continuity.cluster.description import Description
from kaipiao.continuity.cluster.places import home_of
from kaipiao.continuity.cluster.secrets import RAFT, login
from kaipiao.continuity.cluster.store import look_at_store

ASK_WITHIN_S = 2.0


def store_leader(description: Description) -> str | None:
    """The member's name; None if nobody knows, or the store is not ours."""
    if description.dcs.kind == "raft":
        return _raft_leader(description)
    seen = look_at_store(description) if description.dcs.run else None
    return seen.leader if seen else None


def _raft_leader(description: Description) -> str | None:
    from pysyncobj.utility import TcpUtility, UtilityException

    port = description.ports.raft
    by_address = {f"{one.address}:{port}": one.name for one in description.members}
    password = login(home_of(description, description.members[0]), RAFT).password
    for address in by_address:
        utility = TcpUtility(password=password, timeout=ASK_WITHIN_S)
        try:
            status: Any = utility.executeCommand(address, ["status"])
        except UtilityException:
            continue
        leader = str(status.get("leader", "")) if isinstance(status, dict) else ""
        if leader in by_address:
            return by_address[leader]
    return None
