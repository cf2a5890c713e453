"""What a person may do to a running cluster; Patroni does it, and refuses what is not safe.

Each act asks first how the cluster stands, and says why not rather than trying.
"""

import time
from collections.abc import Callable
from typing import Any

from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.places import Home, home_of
from kaipiao.continuity.cluster.secrets import PATRONI, Login, login
from kaipiao.continuity.cluster.tls import context_of, tls_here
from kaipiao.continuity.cluster.view import NOTE, ClusterView, MemberView, api, look

ACT_TIMEOUT_S = 30.0
"""Patroni answers a switchover when it is done, within 20 s."""

RELOAD_TIMEOUT_S = 2.0
"""It answers at once, and does it later."""

SETTLE_S = 60.0
"""So long a pause may take to be known by every member, or a new primary to have a standby."""

POLL_S = 0.2


class ActRefused(Exception):
    """Nothing was done, or Patroni would not; ``zh`` and ``en`` say why and what to do."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def home_here(description: Description) -> Home:
    """The member that lives on this machine; in a lab, the first: their bundles are alike."""
    homes = [home_of(description, member) for member in description.members]
    return next((home for home in homes if home.secrets.exists()), homes[0])


def login_here(description: Description) -> Login:
    """Patroni's password, from this machine's bundle.  Raises BundleMissing: there is none."""
    return login(home_here(description), PATRONI)


def switchover(
    description: Description, key: Login, *, to: str | None = None, by: str, why: str = ""
) -> ClusterView:
    """Hand the lead to ``to``, or to the best standby; back when the new primary can commit.

    Raises:
        ActRefused: it is not safe now, or Patroni said no.
        OSError: the outcome is unknown; look before trying again.
    """
    view = look(description)
    leader = _leader(view)
    if to is not None:
        _check_candidate(description, view, to)
    elif not any(one.is_in_quorum and one.is_reachable for one in view.members):
        raise _no_standby()
    at = description.member(leader)
    # Noted before it happens: if we are killed in between, a note without a switch says nothing,
    # while a switch without a note would be told as a failure.
    note = {"from": leader, "timeline": view.member(leader).timeline, "by": by, "why": why}
    _call(description, at, "PATCH config", {NOTE: note}, key)
    try:
        _call(description, at, "POST switchover", {"leader": leader, "candidate": to}, key)
    except ActRefused:
        _call(description, at, "PATCH config", {NOTE: None}, key)
        raise
    return wait_until(description, lambda seen: _has_switched(seen, leader))


def pause(description: Description, key: Login) -> ClusterView:
    """No failover until ``resume``: for work on the machines.  Raises ActRefused, OSError."""
    return _set_pause(description, key, is_paused=True)


def resume(description: Description, key: Login) -> ClusterView:
    """Failover again.  Raises ActRefused, OSError."""
    return _set_pause(description, key, is_paused=False)


def reinit(description: Description, key: Login, member: str) -> None:
    """Throw a standby's data away and copy it anew from the primary.

    Raises:
        ActRefused: it leads, does not answer, or nobody leads whom it could copy.
        OSError: the outcome is unknown; look before trying again.
    """
    view = look(description)
    leader = _leader(view)
    target = description.member(member)
    if member == leader:
        raise ActRefused(
            zh=f"{member} 是主节点, 它的数据不能丢弃。先切换: kaipiao cluster switchover",
            en=f"{member} leads: its data is not thrown away. First: kaipiao cluster switchover",
        )
    _check_there(view.member(member))
    _call(description, target, "POST reinitialize", {"from_leader": True, "force": True}, key)


def reload(description: Description, key: Login, member: Member) -> None:
    """Have a member's Patroni read its file anew.  Raises ActRefused, OSError."""
    _call(description, member, "POST reload", {}, key, timeout_s=RELOAD_TIMEOUT_S)


def wait_until(
    description: Description, holds: Callable[[ClusterView], bool], *, timeout_s: float = SETTLE_S
) -> ClusterView:
    """Look until ``holds``; the view in which it did.  Raises ActRefused after ``timeout_s``."""
    until = time.monotonic() + timeout_s
    while not holds(view := look(description)):
        if time.monotonic() > until:
            raise ActRefused(
                zh=f"{timeout_s:.0f} 秒内没有就绪。查看: kaipiao cluster status",
                en=f"It did not settle within {timeout_s:.0f} s. Look: kaipiao cluster status",
            )
        time.sleep(POLL_S)
    return view


def change_config(description: Description, key: Login, change: dict[str, Any]) -> None:
    """Change what the store holds for all; a value of None takes a name away.

    Raises:
        ActRefused: nobody is there to be told, or Patroni said no.
        OSError: the outcome is unknown; it may be said again.
    """
    asked = (one for one in look(description).members if one.is_reachable and one.role != "vote")
    there = next(asked, None)
    if there is None:
        raise _nobody()
    _call(description, description.member(there.name), "PATCH config", change, key)


def _set_pause(description: Description, key: Login, *, is_paused: bool) -> ClusterView:
    change_config(description, key, {"pause": is_paused or None})
    return wait_until(description, lambda seen: seen.is_paused == is_paused)


def _has_switched(view: ClusterView, before: str) -> bool:
    """Whether another leads, writes, and has told why it does."""
    told = view.last_switch
    has_told = told is not None and told.to == view.leader
    return view.leader != before and view.is_writable and has_told


def _leader(view: ClusterView) -> str:
    if view.leader is None:
        raise _nobody()
    _check_there(view.member(view.leader))
    return view.leader


def _check_candidate(description: Description, view: ClusterView, to: str) -> None:
    description.member(to)
    found = view.member(to)
    if to == view.leader:
        raise ActRefused(zh=f"{to} 已是主节点。", en=f"{to} leads already.")
    _check_there(found)
    if not found.is_in_quorum:
        raise _no_standby(to)


def _check_there(member: MemberView) -> None:
    if not member.is_reachable:
        raise ActRefused(
            zh=f"{member.name} 没有应答, 什么也没有做。查看: kaipiao cluster status",
            en=f"{member.name} does not answer; nothing was done. Look: kaipiao cluster status",
        )


def _nobody() -> ActRefused:
    return ActRefused(
        zh="现在没有主节点, 什么也没有做。查看: kaipiao cluster status",
        en="Nobody leads now; nothing was done. Look: kaipiao cluster status",
    )


def _no_standby(name: str = "") -> ActRefused:
    return ActRefused(
        zh=f"没有跟上主节点的备节点 {name}: 切换可能丢失数据, 未执行。",
        en=f"No standby {name} that keeps up with the primary: a switchover could lose "
        "what it lacks, and was not done.",
    )


def _call(
    description: Description,
    member: Member,
    act: str,
    body: dict[str, Any],
    key: Login,
    *,
    timeout_s: float = ACT_TIMEOUT_S,
) -> None:
    """``act`` is a method and a name of Patroni's REST."""
    import httpx

    method, _, name = act.partition(" ")
    url = f"{api(description, member)}/{name}"
    try:
        answer = httpx.request(
            method,
            url,
            json=body,
            auth=(key.user, key.password),
            timeout=timeout_s,
            trust_env=False,
            verify=context_of(tls_here(description)),
        )
    except httpx.HTTPError as error:
        raise OSError(f"{url}: {error}") from error
    if answer.status_code == 401:
        raise ActRefused(
            zh="Patroni 不接受我们的密码: 本机的密钥包不属于这个集群。",
            en="Patroni does not take our password: the bundle here is not this cluster's.",
        )
    if answer.status_code >= 300:
        raise ActRefused(zh=f"Patroni 拒绝: {answer.text}", en=f"Patroni said no: {answer.text}")
