"""An etcd of ours on every member (``[dcs] kind = "etcd", run = true``): its program and orders.

etcd/orders.json  what ``etcd_start.py`` starts it with
etcd/data         the account's: its journal
etcd/alive        it had data here once: if that is gone, it must not found a cluster again
"""

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.places import Home
from kaipiao.ledger.embedded.account import Account, run_as
from kaipiao.ledger.embedded.failure import DatabaseWontStart

OLDEST = (3, 4)
UNSOUND = ((3, 5, 0), (3, 5, 1), (3, 5, 2))
"""These may lose what they acknowledged when they are killed (etcd's own notice of March 2022)."""

SETTINGS: dict[str, str] = {
    "heartbeat-interval": "50",  # milliseconds
    "election-timeout": "500",  # a lost leader is replaced well before Patroni's retry_timeout
    "auto-compaction-mode": "periodic",
    "auto-compaction-retention": "1h",
    "quota-backend-bytes": str(256 << 20),  # Patroni keeps a few kilobytes there
    "logger": "zap",
    "log-level": "warn",
}
LOOK_EVERY_S = 0.5

Version = tuple[int, ...]


class Place(NamedTuple):
    """Where a member's etcd lies."""

    folder: Path

    @property
    def orders(self) -> Path:
        return self.folder / "orders.json"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def mark(self) -> Path:
        return self.folder / "alive"


def place_of(home: Home) -> Place:
    return Place(home.etcd)


def find_etcd(account: Account, binary: str) -> Path:
    """The program to run: ``binary``, or the one on the PATH.

    Raises:
        DatabaseWontStart: there is none that this account can run, or it is not to be trusted.
    """
    found = binary or shutil.which("etcd")
    if found is None:
        raise DatabaseWontStart(
            zh='未找到 etcd。请安装 (apt install etcd-server), 或在 [dcs] 中写 binary = "路径"。',
            en="There is no etcd. Install it (apt install etcd-server), or write binary = "
            '"PATH" under [dcs].',
        )
    check_version(found, _version(account, found))
    return Path(found)


def check_version(path: str, version: Version | None) -> None:
    """Raises DatabaseWontStart: it does not run, is too old, or loses data."""
    if version is None:
        raise DatabaseWontStart(
            zh=f"{path} 不能由数据库用户运行, 或不是 etcd。",
            en=f"{path} cannot be run by the database's user, or is no etcd.",
        )
    if version < OLDEST or version in UNSOUND:
        said = ".".join(map(str, version))
        raise DatabaseWontStart(
            zh=f"etcd {said} ({path}) 过旧或会丢失数据。请使用 3.4 或不低于 3.5.16 的版本。",
            en=f"etcd {said} ({path}) is too old or may lose data. Use 3.4, or 3.5.16 or newer.",
        )


def _version(account: Account, path: str) -> Version | None:
    try:
        said = run_as(account, [path, "--version"]).stdout
    except OSError:
        return None
    match = re.search(r"etcd Version: (\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, match.groups())) if match else None


def compose_orders(
    description: Description, member: Member, home: Home, binary: Path
) -> dict[str, Any]:
    """What ``etcd_start.py`` reads; the account may read every file that it names."""
    place = place_of(home)
    return {
        "binary": str(binary),
        "name": member.name,
        "cluster": description.name,
        "members": {one.name: one.address for one in description.members},
        "client_port": description.ports.etcd,
        "peer_port": description.ports.etcd_peer,
        "data": str(place.data),
        "mark": str(place.mark),
        "authority": str(home.tls.authority),
        "certificate": str(home.tls.member),
        "settings": SETTINGS,
    }


def render_orders(orders: dict[str, Any]) -> bytes:
    return json.dumps(orders, indent=1).encode() + b"\n"


async def note_life(place: Place) -> None:
    """Once it has data, note that it had; then there is nothing left to do."""
    while not (place.data / "member").is_dir():
        await asyncio.sleep(LOOK_EVERY_S)
    place.mark.touch()
    await asyncio.Event().wait()  # the node takes the end of a task for a defect
