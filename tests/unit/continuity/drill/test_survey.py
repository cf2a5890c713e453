"""Every member's published log is looked at, and one that says otherwise is told."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from kaipiao.continuity.drill.books import Books, read_log
from kaipiao.continuity.drill.survey import compare_logs, furthest
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.writer import LogWriter
from tests.unit.evidence.fakes import MemoryOrder, StoppedClock, make_leaves, make_signer

KEY = make_signer().verifier


class Published(NamedTuple):
    """What a survey of logs asks a stage for."""

    logs: dict[str, Path]
    vkey: VerifierKey = KEY


async def publish(folder: Path, leaves: list[bytes]) -> None:
    order = MemoryOrder(leaves)
    disk, clock = LocalDisk(folder), StoppedClock()
    writer = LogWriter(order=order, heads=order.heads, disk=disk, signer=make_signer(), clock=clock)
    await writer.advance()


@pytest.fixture
async def stage(tmp_path: Path) -> Published:
    """Three members with one log."""
    await publish(tmp_path / "n1", make_leaves(300))
    for name in ("n2", "n3"):
        shutil.copytree(tmp_path / "n1", tmp_path / name)
    return Published({name: tmp_path / name for name in ("n1", "n2", "n3")})


def found(stage: Published) -> list[str]:
    books = read_log(Books(), furthest(stage), KEY)  # type: ignore[arg-type]
    return compare_logs(stage, books)  # type: ignore[arg-type]


async def test_one_log_in_three_folders_is_in_order(stage: Published) -> None:
    assert found(stage) == []


async def test_a_member_that_is_behind_says_nothing_wrong(stage: Published) -> None:
    shutil.rmtree(stage.logs["n2"])
    await publish(stage.logs["n2"], make_leaves(300)[:200])

    assert found(stage) == []


async def test_a_member_whose_entries_were_touched_is_told(stage: Published) -> None:
    tile = next(path for path in (stage.logs["n3"] / "tile/entries").rglob("*") if path.is_file())
    tile.write_bytes(tile.read_bytes()[:-1] + b"?")

    assert any(one.startswith("n3: ") for one in found(stage))


async def test_a_member_with_a_log_of_its_own_is_told(stage: Published) -> None:
    shutil.rmtree(stage.logs["n2"])
    await publish(stage.logs["n2"], make_leaves(200, history="another"))

    assert found(stage) == ["n2: the leaves of its log are not those of the log"]
