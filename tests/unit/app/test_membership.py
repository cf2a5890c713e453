"""What concerns all members is not done by one: he is told what the others need first."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kaipiao.app import rotate as act
from kaipiao.app.folder import CellFolder
from kaipiao.app.log_keys import open_log_keys
from kaipiao.app.membership import NotAlone, check_archive_is_shared, check_same_keys, is_member
from kaipiao.app.settings import Settings
from kaipiao.continuity.cluster.places import Home
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.signing.change import announcement_leaf
from kaipiao.evidence.writer import LogWriter
from kaipiao.ports import Announcement
from tests.clocks import StoppedClock
from tests.unit.evidence.fakes import MemoryOrder, make_leaves

NOW = datetime(2026, 12, 30, tzinfo=UTC)
NEXT = "kaipiao.localhost/log/2027q1"


def member(place: Path) -> Settings:
    """As ``kaipiao node`` lays one out."""
    home = Home(place)
    home.patroni.mkdir(parents=True)
    home.patroni_file.touch()
    return cell(home.cell)


def cell(place: Path) -> Settings:
    CellFolder(str(place)).make()
    return Settings(data=str(place))


async def publish(settings: Settings) -> None:
    folder = CellFolder(settings.data)
    order = MemoryOrder(make_leaves(5))
    signer, *more = open_log_keys(folder, settings, now=NOW).signers()
    with LogWriter(
        order=order,
        heads=order.heads,
        disk=LocalDisk(folder.evidence),
        signer=signer,
        more_signers=more,
        clock=StoppedClock(),
    ) as writer:
        await writer.advance()


def announced(settings: Settings) -> Announcement:
    folder = CellFolder(settings.data)
    text = (folder.secrets / "log-keys/2" / act.STATEMENT_NAME).read_text()
    return Announcement(announcement_leaf(text), text, None)


def test_a_members_archive_lies_where_all_members_find_it(tmp_path: Path) -> None:
    folder = CellFolder(member(tmp_path / "n1").data)
    assert is_member(folder)
    folder.archive.mkdir()
    with pytest.raises(NotAlone, match="this machine alone") as refused:
        check_archive_is_shared(folder)
    assert "全体成员" in refused.value.zh

    folder.archive.rmdir()
    (tmp_path / "shared").mkdir()
    folder.archive.symlink_to(tmp_path / "shared")
    check_archive_is_shared(folder)
    check_archive_is_shared(CellFolder(cell(tmp_path / "alone").data))


async def test_new_keys_are_everybodys_before_one_member_signs_with_them(tmp_path: Path) -> None:
    one, two = member(tmp_path / "n1"), member(tmp_path / "n2")
    await publish(one)
    with pytest.raises(NotAlone, match=r"log rotate --prepare; then copy .*log-keys/2"):
        await act.rotate(one, NEXT, now=NOW)
    assert not (tmp_path / "n1/cell/secrets/log-keys").exists(), "no keys were made on the way"

    act.prepare(one, NEXT, now=NOW)
    shutil.copytree(tmp_path / "n1/cell/secrets", tmp_path / "n2/cell/secrets", dirs_exist_ok=True)
    assert act.prepare(two, NEXT, now=NOW) == act.prepare(one, NEXT, now=NOW)
    assert announced(one) == announced(two), "all members announce one entry"


async def test_keys_that_another_member_did_not_announce_are_refused(tmp_path: Path) -> None:
    one, two = member(tmp_path / "n1"), member(tmp_path / "n2")
    for settings in (one, two):
        await publish(settings)
        act.prepare(settings, NEXT, now=NOW)
    theirs, ours = announced(one), announced(two)

    check_same_keys(CellFolder(two.data), NEXT, ours.leaf, [ours])
    check_same_keys(CellFolder(two.data), NEXT, ours.leaf, [])
    with pytest.raises(NotAlone, match="with other keys"):
        check_same_keys(CellFolder(two.data), NEXT, ours.leaf, [theirs])
