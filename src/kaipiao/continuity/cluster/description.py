"""The description of a cluster: one TOML file, the same on every member.

name = "zhejiang-1"                     # of the cell; Patroni's scope
area = 33
folder = "/var/lib/kaipiao/zhejiang-1"  # everything of a member lies in FOLDER/MEMBER/

[dcs]                                   # who remembers who leads
kind = "raft"                           # Patroni's own; or "etcd":
# endpoints = ["http://192.0.2.1:2379"] # the operator's etcd
# run = true                            # or ours, on each member

[ports]                                 # only those that differ from the defaults

[[member]]
name = "n1"
address = "192.0.2.1"
site = "hz"                             # optional: where it stands, for people
role = "member"                         # or "vote": it votes and holds no data (raft)

[settings]                              # of the cell, the same on every member
"""

import ipaddress
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kaipiao.base.unreadable import Unreadable

NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
MEMBER_NAME = re.compile(r"[a-z][a-z0-9]{0,7}")
"""Short, because a lab makes the names of network interfaces and namespaces of them."""

MEMBERS_MIN, MEMBERS_MAX = 3, 7
"""Fewer than three cannot outlive one; more than seven only make every vote slower."""

OWN_SETTINGS = ("data", "host", "port", "dsn", "dsn_owner", "area")
"""What this file says elsewhere, or what follows from it."""


class Fault(NamedTuple):
    """One thing wrong with the file: where, and what to write instead."""

    where: str
    zh: str
    en: str


class DescriptionWrong(Unreadable):
    """The file does not describe a cluster; every fault found is in ``faults``."""

    def __init__(self, path: Path, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        zh = "\n".join(["集群描述有误:", *(f"  {one.where}: {one.zh}" for one in self.faults)])
        en = "\n".join(["not a cluster:", *(f"  {one.where}: {one.en}" for one in self.faults)])
        super().__init__(str(path), zh=zh, en=en)


class Ports(NamedTuple):
    """On the member's address; ``route`` and ``route_admin`` on its loopback."""

    postgres: int = 5432
    patroni: int = 8008
    raft: int = 2222
    http: int = 8720
    route: int = 5000
    route_admin: int = 9901


class Dcs(NamedTuple):
    """Who remembers who leads; ``endpoints`` are those of etcd (``http://HOST:PORT``)."""

    kind: Literal["raft", "etcd"] = "raft"
    endpoints: tuple[str, ...] = ()


class Member(NamedTuple):
    name: str
    address: str
    site: str = ""
    role: Literal["member", "vote"] = "member"

    @property
    def has_data(self) -> bool:
        return self.role == "member"


class Description(NamedTuple):
    """A cluster as it was asked for, complete and checked."""

    name: str
    area: int
    folder: Path
    dcs: Dcs
    ports: Ports
    members: tuple[Member, ...]
    settings: dict[str, str | int | float]
    file: Path

    @property
    def with_data(self) -> tuple[Member, ...]:
        """The members that hold PostgreSQL and a cell."""
        return tuple(member for member in self.members if member.has_data)

    def member(self, name: str) -> Member:
        """The member of this name.

        Raises:
            DescriptionWrong: there is none; it says which there are.
        """
        for member in self.members:
            if member.name == name:
                return member
        known = ", ".join(member.name for member in self.members)
        raise DescriptionWrong(
            self.file,
            [Fault(name, f"没有这个成员。可用: {known}", f"no such member. Known: {known}")],
        )

    def others(self, member: Member) -> tuple[Member, ...]:
        return tuple(other for other in self.members if other.name != member.name)


def read_description(path: Path) -> Description:
    """Read and check the file.

    Raises:
        DescriptionWrong: every fault found, each with what to write instead.
        OSError: it cannot be read.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fault = Fault("-", f"不是有效的 TOML: {error}", f"this is not TOML: {error}")
        raise DescriptionWrong(path, [fault]) from None
    reading = _Reading(table)
    description = reading.description(path.absolute())
    if reading.faults:
        raise DescriptionWrong(path, reading.faults)
    return description


class _Reading:
    """One pass over the table: takes what is right, notes what is not, and goes on."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table
        self.faults: list[Fault] = []

    def description(self, file: Path) -> Description:
        known = {"name", "area", "folder", "dcs", "ports", "member", "settings"}
        self._unknown("", self._table, known)
        return Description(
            name=self._named("name", self._table.get("name"), NAME),
            area=self._number("area", self._table.get("area"), 11, 99),
            folder=self._folder(),
            dcs=self._dcs(),
            ports=self._ports(),
            members=self._members(),
            settings=self._settings(),
            file=file,
        )

    def _fault(self, where: str, zh: str, en: str) -> None:
        self.faults.append(Fault(where, zh, en))

    def _unknown(self, where: str, table: dict[str, Any], known: Iterable[str]) -> None:
        for name in table.keys() - set(known):
            can = ", ".join(sorted(known))
            self._fault(f"{where}{name}", f"没有这一项。可用: {can}", f"unknown. Known: {can}")

    def _named(self, where: str, value: object, pattern: re.Pattern[str]) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self._fault(
            where,
            f"请写小写字母开头的名称 ({pattern.pattern})",
            f"write a name in lower case, a letter first ({pattern.pattern})",
        )
        return ""

    def _number(self, where: str, value: object, low: int, high: int) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self._fault(where, f"请写 {low} 至 {high} 的整数", f"write a number from {low} to {high}")
        return low

    def _folder(self) -> Path:
        value = self._table.get("folder")
        if isinstance(value, str) and Path(value).is_absolute():
            return Path(value)
        self._fault("folder", "请写绝对路径", "write an absolute path")
        return Path("/")

    def _section(self, name: str) -> dict[str, Any]:
        value = self._table.get(name, {})
        if isinstance(value, dict):
            return value
        self._fault(name, f"请写成一节: [{name}]", f"write a section: [{name}]")
        return {}

    def _ports(self) -> Ports:
        given = self._section("ports")
        self._unknown("ports.", given, Ports._fields)
        good = {
            name: self._number(f"ports.{name}", given[name], 1, 65_535)
            for name in Ports._fields
            if name in given
        }
        ports = Ports(**good)
        if len(set(ports)) < len(ports):
            self._fault("ports", "端口不能重复", "every port must be another one")
        return ports

    def _dcs(self) -> Dcs:
        given = self._section("dcs")
        self._unknown("dcs.", given, Dcs._fields)
        kind, endpoints = given.get("kind", "raft"), given.get("endpoints", [])
        if kind not in ("raft", "etcd"):
            self._fault("dcs.kind", "请写 raft 或 etcd", "write raft or etcd")
        if not isinstance(endpoints, list) or not all(map(_is_endpoint, endpoints)):
            self._fault(
                "dcs.endpoints",
                '请写网址列表, 如 ["http://192.0.2.1:2379"]',
                'write a list of addresses: ["http://192.0.2.1:2379"]',
            )
            endpoints = []
        elif bool(endpoints) != (kind == "etcd"):
            self._fault(
                "dcs.endpoints",
                "kind = etcd 时必填, 否则不填",
                "needed with kind = etcd, and only then",
            )
        return Dcs(kind=kind, endpoints=tuple(endpoints))

    def _members(self) -> tuple[Member, ...]:
        given = self._table.get("member", [])
        if not isinstance(given, list):
            self._fault("member", "请写成 [[member]]", "write [[member]]")
            return ()
        members = tuple(self._member(f"member[{n}]", one) for n, one in enumerate(given, 1))
        self._check_members(members)
        return members

    def _member(self, where: str, given: object) -> Member:
        if not isinstance(given, dict):
            self._fault(where, "请写成 [[member]]", "write [[member]]")
            return Member("", "")
        self._unknown(f"{where}.", given, Member._fields)
        name = self._named(f"{where}.name", given.get("name"), MEMBER_NAME)
        site, role = given.get("site", ""), given.get("role", "member")
        if not isinstance(site, str):
            self._fault(f"{where}.site", "请写文字", "write a text")
        if role not in ("member", "vote"):
            self._fault(f"{where}.role", "请写 member 或 vote", "write member or vote")
        address = self._address(f"{where}.address", given.get("address"))
        return Member(name=name, address=address, site=str(site), role=role)

    def _address(self, where: str, value: object) -> str:
        try:
            return str(ipaddress.IPv4Address(value if isinstance(value, str) else ""))
        except ValueError:
            self._fault(where, "请写 IPv4 地址, 如 192.0.2.1", "write an IPv4 address: 192.0.2.1")
            return ""

    def _check_members(self, members: tuple[Member, ...]) -> None:
        if not MEMBERS_MIN <= len(members) <= MEMBERS_MAX:
            count = f"{MEMBERS_MIN}–{MEMBERS_MAX}"
            self._fault("member", f"请写 {count} 个成员", f"write {count} members")
        if sum(member.has_data for member in members) < 2:
            self._fault(
                "member",
                "至少两个成员要保存数据 (role = member)",
                "at least two members must hold data (role = member)",
            )
        for what in ("name", "address"):
            values = [getattr(member, what) for member in members]
            for value in sorted({v for v in values if v and values.count(v) > 1}):
                self._fault(f"member.{what}", f"{value} 重复", f"{value} stands there twice")

    def _settings(self) -> dict[str, str | int | float]:
        """Only what belongs here; what a setting may be is the cell's own business."""
        given = self._section("settings")
        for name in OWN_SETTINGS:
            if name in given:
                self._fault(
                    f"settings.{name}",
                    "由本文件其他项决定, 请删除",
                    "follows from the rest of this file; take it out",
                )
        for name, value in given.items():
            if not isinstance(value, str | int | float) or isinstance(value, bool):
                self._fault(f"settings.{name}", "请写文字或数字", "write a text or a number")
        return given


def _is_endpoint(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"https?://[\w.-]{1,200}:\d{1,5}/?", value))
