"""The description of a cluster: one TOML file, the same on every member.

name = "zhejiang-1"                     # of the cell; Patroni's scope
area = 33
folder = "/var/lib/kaipiao/zhejiang-1"  # everything of a member lies in FOLDER/MEMBER/

[dcs]                                   # who remembers who leads
kind = "raft"                           # Patroni's own; or "etcd":
# run = true                            # ours, one on each member
# endpoints = ["https://192.0.2.11:2379"]  # or the operator's
# user = "kaipiao"                      # if it asks for one

[postgres]                              # only for one that speaks TLS, the same everywhere
# binaries = "/usr/lib/postgresql/18/bin"

[ports]                                 # only those that differ from the defaults

[disk]                                  # when a member hands over because room is short
# reserve_mb = 256                      # less than this is short,
# reserve_percent = 1                   # or than this share of the disk, whichever is more
# ballast_mb = 32                       # removed when a switchover needs room

[[member]]
name = "n1"
address = "192.0.2.1"
site = "hz"                             # optional: where it stands, for people
role = "member"                         # or "vote": it votes and holds no data

[settings]                              # of the cell, the same on every member
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from kaipiao.continuity.cluster.dcs import Dcs, read_dcs
from kaipiao.continuity.cluster.faults import Checks, DescriptionWrong, Fault
from kaipiao.continuity.cluster.members import Member, read_members
from kaipiao.continuity.cluster.reserve import Reserve, read_reserve
from kaipiao.continuity.cluster.server import Server, read_server

__all__ = ["Dcs", "Description", "DescriptionWrong", "Member", "Ports", "read_description"]

NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")

SOCKET_PATH_MAX = 107
"""Bytes; the kernel's own limit."""

OWN_SETTINGS = ("data", "host", "port", "dsn", "dsn_owner", "area")
"""What this file says elsewhere, or what follows from it."""


class Ports(NamedTuple):
    """On the member's address; ``route`` and ``route_admin`` on its loopback."""

    postgres: int = 5432
    patroni: int = 8008
    raft: int = 2222
    http: int = 8720
    route: int = 5000
    route_admin: int = 9901
    etcd: int = 2379
    etcd_peer: int = 2380


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
    disk: Reserve = Reserve()
    server: Server = Server()

    @property
    def with_data(self) -> tuple[Member, ...]:
        """The members that hold PostgreSQL and a cell."""
        return tuple(member for member in self.members if member.has_data)

    @property
    def vote_port(self) -> int:
        """Where a member that only votes listens."""
        return self.ports.raft if self.dcs.kind == "raft" else self.ports.etcd

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
    checks = Checks()
    description = _description(checks, table, path.absolute())
    if checks.faults:
        raise DescriptionWrong(path, checks.faults)
    return description


def _description(checks: Checks, table: dict[str, Any], file: Path) -> Description:
    sections = {"dcs", "disk", "ports", "postgres", "settings"}
    checks.known("", table, {"name", "area", "folder", "member", *sections})
    given = {name: checks.section(name, table.get(name, {})) for name in sections}
    description = Description(
        name=checks.named("name", table.get("name"), NAME),
        area=checks.number("area", table.get("area"), 11, 99),
        folder=checks.absolute("folder", table.get("folder")),
        dcs=read_dcs(checks, given["dcs"]),
        ports=_ports(checks, given["ports"]),
        members=read_members(checks, table.get("member", [])),
        settings=_settings(checks, given["settings"]),
        file=file,
        disk=read_reserve(checks, given["disk"]),
        server=read_server(checks, given["postgres"]),
    )
    _check_sockets(checks, description)
    dcs, voters = description.dcs, len(description.members) - len(description.with_data)
    if dcs.endpoints and not dcs.is_ours and voters:
        zh = "使用外部 etcd 时, 只投票的成员没有用处: 请删除 role = vote 的成员"
        en = "with an etcd that is not ours a member that only votes does nothing: take it out"
        checks.fault("member", zh, en)
    return description


def _check_sockets(checks: Checks, description: Description) -> None:
    """PostgreSQL listens at a Unix socket in each member's folder (``places.py``), whose path the
    kernel bounds; with a longer one it would not start, and say so in its log only."""
    folder, port = description.folder, description.ports.postgres
    paths = [
        folder / member.name / "postgres" / "run" / f".s.PGSQL.{port}"
        for member in description.with_data
    ]
    longest = max((len(os.fsencode(path)) for path in paths), default=0)
    if longest > SOCKET_PATH_MAX:
        most = len(os.fsencode(folder)) - (longest - SOCKET_PATH_MAX)
        checks.fault(
            "folder",
            f"太长: 请写至多 {most} 字节的路径 (其下数据库套接字的路径受操作系统限制)",
            f"too long: write a path of {most} bytes at most (the database's socket lies below "
            "it, and the system bounds its path)",
        )


def _ports(checks: Checks, given: dict[str, Any]) -> Ports:
    checks.known("ports.", given, Ports._fields)
    good = {
        name: checks.number(f"ports.{name}", given[name], 1, 65_535)
        for name in Ports._fields
        if name in given
    }
    ports = Ports(**good)
    if len(set(ports)) < len(ports):
        checks.fault("ports", "端口不能重复", "every port must be another one")
    return ports


def _settings(checks: Checks, given: dict[str, Any]) -> dict[str, str | int | float]:
    """Only what belongs here; what a setting may be is the cell's own business."""
    for name in OWN_SETTINGS:
        if name in given:
            checks.fault(
                f"settings.{name}",
                "由本文件其他项决定, 请删除",
                "follows from the rest of this file; take it out",
            )
    for name, value in given.items():
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            checks.fault(f"settings.{name}", "请写文字或数字", "write a text or a number")
    return given
