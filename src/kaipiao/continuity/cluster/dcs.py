"""Who remembers who leads, as the description says it: ``[dcs]``.

kind = "raft"                            Patroni's own, for labs and small sites
kind = "etcd", run = true                an etcd on every member, run by ``node up``
kind = "etcd", endpoints = [...]         the operator's
"""

import re
from typing import Any, Literal, NamedTuple

from kaipiao.continuity.cluster.faults import Checks

ENDPOINT = re.compile(r"https?://[\w.-]{1,200}:\d{1,5}/?")
USER = re.compile(r"[\w.@-]{0,64}", re.ASCII)


class Dcs(NamedTuple):
    """``endpoints`` (``https://HOST:PORT``) and ``user`` are those of an etcd that is not ours.

    ``run``: we run it, ``binary`` names the program; empty: the one found on the PATH.
    """

    kind: Literal["raft", "etcd"] = "raft"
    endpoints: tuple[str, ...] = ()
    run: bool = False
    binary: str = ""
    user: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether every member has a vote in it: raft, or an etcd that we run."""
        return self.kind == "raft" or self.run


def read_dcs(checks: Checks, given: dict[str, Any]) -> Dcs:
    checks.known("dcs.", given, Dcs._fields)
    kind, run = given.get("kind", "raft"), given.get("run", False)
    if kind not in ("raft", "etcd"):
        checks.fault("dcs.kind", "请写 raft 或 etcd", "write raft or etcd")
    if not isinstance(run, bool) or (run and kind != "etcd"):
        checks.fault("dcs.run", "只能写 run = true, 且 kind = etcd", "true, and with kind = etcd")
        run = False
    endpoints = _endpoints(checks, given.get("endpoints", []), kind=kind, run=run)
    binary, user = given.get("binary", ""), given.get("user", "")
    if binary:
        checks.absolute("dcs.binary", binary)
        if not run:
            checks.fault("dcs.binary", "只与 run = true 同用", "only with run = true")
    if not (isinstance(user, str) and USER.fullmatch(user)) or (user and not endpoints):
        zh, en = "请写用户名, 且只与 endpoints 同用", "write a name, and only with endpoints"
        checks.fault("dcs.user", zh, en)
    return Dcs(kind=kind, endpoints=endpoints, run=run, binary=str(binary), user=str(user))


def _endpoints(checks: Checks, given: object, *, kind: str, run: bool) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(map(_is_endpoint, given)):
        checks.fault(
            "dcs.endpoints",
            '请写网址列表, 如 ["https://192.0.2.11:2379"]',
            'write a list of addresses: ["https://192.0.2.11:2379"]',
        )
        return ()
    if len({one.partition(":")[0] for one in given}) > 1:
        checks.fault("dcs.endpoints", "请全部写 https 或全部 http", "all https, or all http")
    if bool(given) != (kind == "etcd" and not run):
        checks.fault(
            "dcs.endpoints",
            "kind = etcd 时, 写 endpoints (已有的 etcd) 或 run = true (由我们运行), 二者取一",
            "with kind = etcd write either this (an etcd that is there) or run = true (ours)",
        )
    return tuple(one.rstrip("/") for one in given)


def _is_endpoint(value: object) -> bool:
    return isinstance(value, str) and bool(ENDPOINT.fullmatch(value))
