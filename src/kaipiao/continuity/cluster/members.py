"""The members of a cluster, as the description names them: ``[[member]]``."""

import ipaddress
import re
from typing import Literal, NamedTuple

from kaipiao.continuity.cluster.faults import Checks

NAME = re.compile(r"[a-z][a-z0-9]{0,7}")
"""Short, because a lab makes the names of network interfaces and namespaces of them."""

MEMBERS_MIN, MEMBERS_MAX = 3, 7
"""Fewer than three cannot outlive one; more than seven only make every vote slower."""


class Member(NamedTuple):
    """``site`` is where it stands, for people; a ``vote`` holds no data."""

    name: str
    address: str
    site: str = ""
    role: Literal["member", "vote"] = "member"

    @property
    def has_data(self) -> bool:
        return self.role == "member"


def read_members(checks: Checks, given: object) -> tuple[Member, ...]:
    if not isinstance(given, list):
        checks.fault("member", "请写成 [[member]]", "write [[member]]")
        return ()
    members = tuple(_member(checks, f"member[{n}]", one) for n, one in enumerate(given, 1))
    _check(checks, members)
    return members


def _member(checks: Checks, where: str, given: object) -> Member:
    if not isinstance(given, dict):
        checks.fault(where, "请写成 [[member]]", "write [[member]]")
        return Member("", "")
    checks.known(f"{where}.", given, Member._fields)
    name = checks.named(f"{where}.name", given.get("name"), NAME)
    site, role = given.get("site", ""), given.get("role", "member")
    if not isinstance(site, str):
        checks.fault(f"{where}.site", "请写文字", "write a text")
    if role not in ("member", "vote"):
        checks.fault(f"{where}.role", "请写 member 或 vote", "write member or vote")
    address = _address(checks, f"{where}.address", given.get("address"))
    return Member(name=name, address=address, site=str(site), role=role)


def _address(checks: Checks, where: str, value: object) -> str:
    try:
        return str(ipaddress.IPv4Address(value if isinstance(value, str) else ""))
    except ValueError:
        checks.fault(where, "请写 IPv4 地址, 如 192.0.2.1", "write an IPv4 address: 192.0.2.1")
        return ""


def _check(checks: Checks, members: tuple[Member, ...]) -> None:
    if not MEMBERS_MIN <= len(members) <= MEMBERS_MAX:
        count = f"{MEMBERS_MIN}–{MEMBERS_MAX}"
        checks.fault("member", f"请写 {count} 个成员", f"write {count} members")
    if sum(member.has_data for member in members) < 2:
        checks.fault(
            "member",
            "至少两个成员要保存数据 (role = member)",
            "at least two members must hold data (role = member)",
        )
    for what in ("name", "address"):
        values = [getattr(member, what) for member in members]
        for value in sorted({v for v in values if v and values.count(v) > 1}):
            checks.fault(f"member.{what}", f"{value} 重复", f"{value} stands there twice")
