"""How the etcd stands that remembers who leads: ours or the operator's, asked directly.

Reading only; never raises for one that does not answer.  Patroni's raft is not asked: every
member that answers at all is part of it.
"""

import json
import ssl
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import msgspec

from kaipiao.continuity.cluster.description import Description
from kaipiao.continuity.cluster.store_secrets import store_context

ASK_S = 1.5


class StoreMember(msgspec.Struct, frozen=True, kw_only=True):
    """One etcd.  ``faults`` are its own words: CORRUPT, NOSPACE, no leader."""

    name: str
    is_reachable: bool = False
    is_healthy: bool = False
    leads: bool = False
    version: str = ""
    size_bytes: int = 0
    faults: tuple[str, ...] = ()


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[StoreMember, ...]

    @property
    def leader(self) -> str | None:
        return next((one.name for one in self.members if one.leads), None)

    @property
    def has_quorum(self) -> bool:
        """Whether it remembers anything new: one leads, and more than half are well."""
        well = sum(one.is_healthy for one in self.members)
        return self.leader is not None and well > len(self.members) // 2


def endpoints(description: Description) -> dict[str, str]:
    """Where each etcd answers, by its name: ours by the member's, the operator's by its address."""
    dcs, port = description.dcs, description.ports.etcd
    if dcs.run:
        return {one.name: f"https://{one.address}:{port}" for one in description.members}
    return {urlsplit(url).netloc: url for url in dcs.endpoints}


def look_at_store(description: Description) -> StoreView | None:
    """Ask every etcd; None where the store is Patroni's raft.  Raises CertificatesMissing."""
    if description.dcs.kind != "etcd":
        return None
    context = store_context(description)
    where = endpoints(description)
    with ThreadPoolExecutor(max_workers=len(where)) as together:
        seen = together.map(lambda name: _look(name, where[name], context), where)
        return StoreView(members=tuple(seen))


def _look(name: str, url: str, context: ssl.SSLContext | None) -> StoreMember:
    """``/health`` asks for a quorum, the status only for the member itself."""
    try:
        status = _ask(url, "POST", "/v3/maintenance/status", context)
    except (OSError, HTTPException, ValueError):
        return StoreMember(name=name)
    try:
        is_healthy = str(_ask(url, "GET", "/health", context).get("health")) == "true"
    except (OSError, HTTPException, ValueError):
        is_healthy = False
    return compose_member(name, status, is_healthy=is_healthy)


def compose_member(name: str, status: dict[str, Any], *, is_healthy: bool) -> StoreMember:
    """Of what one said; numbers come as texts, and what is zero does not come at all."""
    own = status.get("header", {}).get("member_id")
    return StoreMember(
        name=name,
        is_reachable=True,
        is_healthy=is_healthy,
        leads=own is not None and status.get("leader") == own,
        version=str(status.get("version", "")),
        size_bytes=int(status.get("dbSize", 0)),
        faults=tuple(map(str, status.get("errors", ()))),
    )


def _ask(url: str, method: str, path: str, context: ssl.SSLContext | None) -> dict[str, Any]:
    where = urlsplit(url)
    assert where.hostname
    if context is not None and where.scheme == "https":
        line: HTTPConnection = HTTPSConnection(
            where.hostname, where.port, timeout=ASK_S, context=context
        )
    else:
        line = HTTPConnection(where.hostname, where.port, timeout=ASK_S)
    try:
        line.request(method, path, b"{}" if method == "POST" else None)
        found: dict[str, Any] = json.loads(line.getresponse().read())
        return found
    finally:
        line.close()
