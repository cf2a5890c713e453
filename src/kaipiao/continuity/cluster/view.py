"""How a cluster stands, asked of every member's Patroni at once.

Each member is asked what it knows of all (``/cluster``) and of itself (``/patroni``).  A member
that is cut off still answers with what it knew: where they differ, the most common answer counts.
Reading needs no password, and a certificate of the cluster (``tls.py``).
"""

import json
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from typing import Any, Literal

import msgspec

from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.store import StoreView, look_at_store
from kaipiao.continuity.cluster.tls import context_of, tls_here

ASK_TIMEOUT_S = 1.5
VOTE = "vote:"
NOTE = "kaipiao_switchover"
"""Where ``acts.switchover`` notes in the shared configuration who wanted it, and why."""

SHORT_TAG = "disk_short"
"""What a member without room says of itself; the tag is ours, Patroni only passes it on."""

LEADING = ("primary", "master")
PROMOTING = "promoting"

Role = Literal["primary", "standby", "vote", "unknown"]
Get = Callable[[str], Any]
"""The decoded answer to a URL; raises OSError or ValueError."""


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """One member.  ``state`` is Patroni's own word (running, streaming, starting, stopped…), or
    ``promoting``: it leads, and does not write yet.

    ``lag_bytes`` is None where it is not known; the primary's is 0.
    """

    name: str
    address: str
    site: str = ""
    role: Role = "unknown"
    state: str = ""
    is_in_quorum: bool = False  # a commit may count on it
    is_reachable: bool = False
    lag_bytes: int | None = None
    timeline: int | None = None
    needs_restart: bool = False
    is_disk_short: bool = False


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the primary.  ``timeline`` is the one that ended; ``is_planned``: it was asked
    for, by whom and why is in ``by`` and ``why``; else ``why`` is what PostgreSQL noted."""

    timeline: int
    at: datetime | None = None
    to: str = ""
    is_planned: bool = False
    by: str = ""
    why: str = ""


class ClusterView(msgspec.Struct, frozen=True, kw_only=True):
    """``leader`` is None while nobody leads, and while nobody can be asked.

    ``store`` is the etcd that remembers it; None: not asked, or there is none.
    """

    name: str
    members: tuple[MemberView, ...]
    leader: str | None = None
    is_paused: bool = False
    switches: tuple[Switch, ...] = ()
    store: StoreView | None = None

    @property
    def is_writable(self) -> bool:
        """Whether a commit can be acknowledged now: a primary, and a standby it may count on."""
        up = [member for member in self.members if member.is_reachable]
        leads = any(one.role == "primary" and one.state == "running" for one in up)
        return leads and any(one.is_in_quorum and one.role == "standby" for one in up)

    @property
    def last_switch(self) -> Switch | None:
        return self.switches[-1] if self.switches else None

    def member(self, name: str) -> MemberView:
        return next(member for member in self.members if member.name == name)


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What one member said; None where it did not."""

    own: dict[str, Any] | None = None
    cluster: dict[str, Any] | None = None
    history: list[Any] | None = None
    config: dict[str, Any] | None = None


def look(description: Description, *, get: Get | None = None) -> ClusterView:
    """Ask every member; whoever does not answer in time is not reachable.  Never raises for it.

    Raises CertificatesMissing: this machine is no member, and none would answer it.
    """
    ask = get or partial(_get, context_of(tls_here(description)))
    with ThreadPoolExecutor(max_workers=len(description.members)) as together:
        said = together.map(lambda m: _ask_member(ask, description, m), description.members)
        answers = dict(zip((m.name for m in description.members), said, strict=True))
    return compose_view(description, answers)


def with_store(description: Description, view: ClusterView) -> ClusterView:
    """The same, and how its etcd stands.  Raises CertificatesMissing."""
    return msgspec.structs.replace(view, store=look_at_store(description))


def read_config(description: Description) -> dict[str, Any]:
    """What the store holds for all, by the first member that tells.

    Raises OSError: nobody does.  Raises CertificatesMissing.
    """
    context = context_of(tls_here(description))
    for member in description.with_data:
        try:
            told = _get(context, f"{api(description, member)}/config")
        except (OSError, ValueError):
            continue
        if isinstance(told, dict):
            return told
    raise OSError("no member tells its settings")


def api(description: Description, member: Member) -> str:
    """Where a member's Patroni answers."""
    return f"https://{member.address}:{description.ports.patroni}"


def compose_view(description: Description, answers: dict[str, Answers]) -> ClusterView:
    """One picture of what all of them said."""
    cluster = _most_common(one.cluster for one in answers.values()) or {}
    listed = {one["name"]: one for one in cluster.get("members", ())}
    members = tuple(
        _member(member, answers[member.name].own, listed.get(member.name, {}))
        for member in description.members
    )
    leaders = [name for name, one in listed.items() if one.get("role") == "leader"]
    config = next((one.config for one in answers.values() if one.config), {})
    return ClusterView(
        name=description.name,
        members=members,
        leader=leaders[0] if leaders else None,
        is_paused=bool(cluster.get("pause")),
        switches=_switches(answers.values(), config.get(NOTE, {})),
    )


def _member(member: Member, own: dict[str, Any] | None, listed: dict[str, Any]) -> MemberView:
    leads = listed.get("role") == "leader"
    role: Role = "primary" if leads else "standby" if listed else "unknown"
    timeline = listed.get("timeline", (own or {}).get("timeline"))
    state = str(listed.get("state") or (own or {}).get("state") or "")
    if leads and own is not None and own.get("role") not in LEADING:
        state = PROMOTING  # it has the lock, and its PostgreSQL does not write yet
    return MemberView(
        name=member.name,
        address=member.address,
        site=member.site,
        role=role if member.has_data else "vote",
        state=state,
        is_in_quorum=listed.get("role") in ("quorum_standby", "sync_standby"),
        is_reachable=own is not None,
        lag_bytes=0 if leads else _number(listed.get("replay_lag", listed.get("lag"))),
        timeline=_number(timeline),
        needs_restart=bool(listed.get("pending_restart")),
        is_disk_short=bool(listed.get("tags", {}).get(SHORT_TAG)),
    )


def _switches(answers: Iterable[Answers], note: dict[str, Any]) -> tuple[Switch, ...]:
    """The longest history told; what was planned is known from the note left beside it."""
    history = max((one.history or [] for one in answers), key=len, default=[])
    return tuple(_switch(line, note) for line in history)


def _switch(line: list[Any], note: dict[str, Any]) -> Switch:
    """A line is: timeline that ended, where, PostgreSQL's reason, when, the new primary."""
    timeline, _, reason, at, to = [*line, "", "", ""][:5]
    is_planned = note.get("timeline") == timeline and note.get("from") != to
    return Switch(
        timeline=int(timeline),
        at=datetime.fromisoformat(at) if at else None,
        to=str(to),
        is_planned=is_planned,
        by=str(note.get("by", "")) if is_planned else "",
        why=str(note.get("why", "") if is_planned else reason),
    )


def _most_common(said: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    """The answer whose leader most of them name; the newest timeline where they are even."""
    heard = [one for one in said if one]
    votes = Counter(_leader_of(one) for one in heard)
    return max(heard, key=lambda one: (votes[_leader_of(one)], _newest(one)), default=None)


def _leader_of(cluster: dict[str, Any]) -> str | None:
    members = cluster.get("members", ())
    return next((one["name"] for one in members if one.get("role") == "leader"), None)


def _newest(cluster: dict[str, Any]) -> int:
    return max((_number(m.get("timeline")) or 0 for m in cluster.get("members", ())), default=0)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None  # Patroni writes "unknown"


def _ask_member(get: Get, description: Description, member: Member) -> Answers:
    """A member that only votes has no REST: whether its store takes a connection is all."""
    if member.has_data:
        return _ask(get, api(description, member))
    try:
        return Answers(own=get(f"{VOTE}//{member.address}:{description.vote_port}/"))
    except (OSError, ValueError):
        return Answers()


def _ask(get: Get, url: str) -> Answers:
    try:
        own = get(f"{url}/patroni")
    except (OSError, ValueError):
        return Answers()  # it does not answer: three more questions would only take longer
    found: dict[str, Any] = {}
    for name in ("cluster", "history", "config"):
        try:
            found[name] = get(f"{url}/{name}")
        except (OSError, ValueError):
            continue
    return Answers(own=own, **found)


def _get(context: ssl.SSLContext, url: str) -> Any:
    """Raises OSError, ValueError.  Not by httpx: it would read every CA's certificate first, which
    takes longer than the answer."""
    scheme, _, address, path = url.split("/", 3)
    if scheme == VOTE:
        host, _, port = address.partition(":")
        socket.create_connection((host, int(port)), timeout=ASK_TIMEOUT_S).close()
        return {"state": "running"}
    line = HTTPSConnection(address, timeout=ASK_TIMEOUT_S, context=context)
    try:
        line.request("GET", f"/{path}")
        answer = line.getresponse()
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES and path != "patroni":
            raise ValueError(url)  # /patroni says how it is even with a 503
        return json.loads(answer.read())
    except HTTPException as error:
        raise OSError(f"{url}: {error!r}") from error
    finally:
        line.close()
