"""Whether every member of a cluster is well enough for the next one to be touched."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Any

from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.view import ClusterView, MemberView, look
from kaipiao.continuity.cluster.words import state_of, summary

SETTLE_S = 30.0
"""What a swap disturbed is quiet again by then: a new leader of the log within a second."""

LOOK_EVERY_S = 0.5
ASK_TIMEOUT_S = 3.0
WELL = ("running", "streaming")

Reason = tuple[str, str]


def until_well(description: Description, without: frozenset[str]) -> list[Reason]:
    """Nothing as soon as all are well; after ``SETTLE_S`` everything that is not."""
    deadline = time.monotonic() + SETTLE_S
    while ills := what_ails(description, without):
        if time.monotonic() > deadline:
            return ills
        time.sleep(LOOK_EVERY_S)
    return []


def what_ails(
    description: Description,
    without: frozenset[str],
    *,
    see: Callable[[Description], ClusterView] = look,
) -> list[Reason]:
    """Everything that is wrong with the database's members and with their cells."""
    members = [one for one in description.with_data if one.name not in without]
    view = see(description)
    ills = [] if view.is_writable else [(summary(view).zh, summary(view).en)]
    ills += [ill for one in members for ill in _database(view.member(one.name))]
    port = description.ports.http
    with ThreadPoolExecutor(max_workers=len(description.members)) as together:
        told = together.map(lambda one: list(_cell(one, port)), members)
        return ills + [ill for one in told for ill in one]


def _database(member: MemberView) -> Iterator[Reason]:
    if not member.is_reachable or member.state not in WELL:
        state = state_of(member)
        yield f"{member.name} 的数据库: {state.zh}", f"{member.name}'s database: {state.en}"


def _cell(member: Member, port: int) -> Iterator[Reason]:
    name = member.name
    try:
        status = ask_status(member.address, port)
    except (OSError, ValueError, HTTPException) as error:
        yield f"{name} 的单元没有应答 ({error})", f"{name}'s cell does not answer ({error})"
        return
    for what in ("ledger", "worker"):
        if status.get(what) != "up":
            yield f"{name} 的单元: {what} 不正常", f"{name}'s cell: {what} is {status.get(what)}"
    if status.get("log") == "down":
        yield f"{name} 的单元: 存证日志落后", f"{name}'s cell: the evidence log is behind"


def ask_status(address: str, port: int) -> dict[str, Any]:
    """What ``/v1/status`` of a cell says.  Raises OSError, ValueError, HTTPException."""
    line = HTTPConnection(address, port, timeout=ASK_TIMEOUT_S)
    try:
        line.request("GET", "/v1/status")
        found = json.loads(line.getresponse().read())
        if not isinstance(found, dict):
            raise ValueError("no status")
        return found
    finally:
        line.close()
