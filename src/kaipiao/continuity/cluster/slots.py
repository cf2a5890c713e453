"""Replication slots that are in the shared configuration: every member that leads has them.

Patroni makes such a slot on the primary, keeps a copy of it on each standby and moves that along,
and drops a slot that is in nobody's configuration.  So this is how a stream from outside keeps its
place when another takes the lead.
"""

from kaipiao.continuity.cluster.acts import change_config, login_here
from kaipiao.continuity.cluster.description import Description, Member


def keep_slot(description: Description, name: str) -> None:
    """Whoever leads, from now on, keeps what the reader of slot ``name`` has not had.

    Raises ActRefused, OSError: see ``acts.change_config``.
    """
    change_config(description, login_here(description), {"slots": {name: {"type": "physical"}}})


def let_slot_go(description: Description, name: str) -> None:
    """Nobody keeps anything for it any more.  Raises ActRefused, OSError."""
    change_config(description, login_here(description), {"slots": {name: None}})


def keeper_of(description: Description) -> Member:
    """The member that keeps the backups: as it is set, or the last that holds data.

    Raises DescriptionWrong: there is no such member.
    """
    wanted = str(description.settings.get("backup_member", ""))
    return description.member(wanted) if wanted else description.with_data[-1]
