"""The guard of a member's disks, on a real disk that has less than a reserve nobody has.

Patroni is the stand-in of the acts' tests; a real one is in ``tests/cluster``.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kaipiao.continuity.cluster.acts import ActRefused
from kaipiao.continuity.cluster.guard import DiskGuard, make_ballast
from kaipiao.continuity.cluster.places import Home
from kaipiao.continuity.cluster.reserve import Reserve
from kaipiao.continuity.cluster.room import Tags
from kaipiao.continuity.cluster.view import ClusterView, MemberView

SHORT = Reserve(reserve_mb=1 << 40)
"""Nobody has so much."""


class StandIn:
    """A Patroni of two members, n1 leading; it does as it is told, or refuses ``fails`` times."""

    def __init__(self, *, is_paused: bool = False, fails: int = 0) -> None:
        self.leader = "n1"
        self.is_paused = is_paused
        self.fails = fails
        self.tags: list[Tags] = []
        self.switched: list[str] = []

    def look(self) -> ClusterView:
        members = tuple(
            MemberView(
                name=name,
                address="192.0.2.1",
                role="primary" if name == self.leader else "standby",
                is_in_quorum=name != self.leader,
                is_reachable=True,
            )
            for name in ("n1", "n2")
        )
        return ClusterView(name="zj", members=members, leader=self.leader, is_paused=self.is_paused)

    def set_tags(self, tags: Tags) -> None:
        if self.fails:
            self.fails -= 1
            raise ActRefused(zh="否", en="no")
        self.tags.append(tags)

    def switch_over(self, why: str) -> None:
        self.switched.append(why)
        self.leader = "n2"


@asynccontextmanager
async def guarding(
    home: Home, patroni: StandIn, *, name: str = "n1", reserve: Reserve = SHORT
) -> AsyncIterator[list[str]]:
    said: list[str] = []
    guard = DiskGuard(name, home, reserve, patroni, tell=lambda one: said.append(one.en))
    task = asyncio.create_task(guard.run())
    try:
        yield said
        assert not task.done(), task.exception()
    finally:
        task.cancel()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "n1")
    home.postgres.mkdir(parents=True)
    home.cell.mkdir()
    return home


async def test_a_short_primary_bars_itself_and_hands_over(home: Home) -> None:
    patroni = StandIn()
    async with guarding(home, patroni) as said:
        await until(lambda: patroni.leader == "n2")

    assert patroni.tags == [{"disk_short": True, "nofailover": True}]
    assert patroni.switched == ["its disk is nearly full"]
    assert [word for word in ("is not to lead", "hands the lead") if word in " ".join(said)] == [
        "is not to lead",
        "hands the lead",
    ]


async def test_while_failover_is_paused_it_only_speaks(home: Home) -> None:
    patroni = StandIn(is_paused=True)
    async with guarding(home, patroni) as said:
        await until(lambda: any("failover is paused" in line for line in said))

    assert patroni.switched == []


async def test_a_short_standby_bars_itself_and_nothing_else(home: Home) -> None:
    patroni = StandIn()
    async with guarding(home, patroni, name="n2"):
        await until(lambda: bool(patroni.tags))

    assert patroni.tags == [{"disk_short": True, "nofailover": True}]
    assert patroni.switched == []


async def test_a_patroni_that_does_not_listen_is_told_again(home: Home) -> None:
    patroni = StandIn(fails=1)
    async with guarding(home, patroni, name="n2"):
        await until(lambda: bool(patroni.tags))

    assert patroni.tags == [{"disk_short": True, "nofailover": True}]


async def test_where_there_is_room_a_ballast_is_laid_and_nothing_said(home: Home) -> None:
    patroni = StandIn()
    async with guarding(home, patroni, reserve=Reserve(0, 0, ballast_mb=1)) as said:
        await until(home.ballast.exists)

    assert home.ballast.stat().st_blocks * 512 >= 1 << 20
    assert (patroni.tags, said) == ([], [])


def test_a_ballast_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        make_ballast(tmp_path / "reserved", 1 << 60)

    assert not (tmp_path / "reserved").exists()


def test_a_ballast_follows_no_link(tmp_path: Path) -> None:
    """The folder is the database account's, and we may be root."""
    target = tmp_path / "target"
    os.symlink(target, tmp_path / "reserved")
    with pytest.raises(FileExistsError):
        make_ballast(tmp_path / "reserved", 1 << 20)

    assert not target.exists()
