"""What a member's own programs ask of Patroni: the guard's hands (``guard.py``)."""

from collections.abc import Callable

from kaipiao.continuity.cluster import acts
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.places import home_of
from kaipiao.continuity.cluster.room import Tags
from kaipiao.continuity.cluster.secrets import PATRONI, login
from kaipiao.continuity.cluster.view import ClusterView, look


class Controls:
    """Each raises ActRefused or OSError.  ``write_tags`` puts them into the member's file."""

    def __init__(
        self, description: Description, member: Member, write_tags: Callable[[Tags], None]
    ) -> None:
        self._description = description
        self._member = member
        self._key = login(home_of(description, member), PATRONI)
        self._write_tags = write_tags

    def look(self) -> ClusterView:
        return look(self._description)

    def set_tags(self, tags: Tags) -> None:
        self._write_tags(tags)
        acts.reload(self._description, self._key, self._member)

    def switch_over(self, why: str) -> None:
        """Noted as the member's own wish, so that the history tells it from a failure."""
        acts.switchover(self._description, self._key, by=f"node {self._member.name}", why=why)
