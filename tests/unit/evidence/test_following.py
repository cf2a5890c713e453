"""Members of one cell hold one log in folders of their own: one leads, the others sign his tree."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, parse_checkpoint
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.edge import Edge, filled, grow
from kaipiao.evidence.note import parse_note
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.recovery import LogForked, LogRewound
from kaipiao.evidence.writer import LogWriter
from kaipiao.ports import TreeHead
from tests.unit.evidence.fakes import MemoryOrder, StoppedClock, make_leaves, make_signer
from tests.unit.evidence.rfc6962 import slow_root

LEAVES = make_leaves(1_500)
LOG = make_signer().name


def member(order: MemoryOrder, folder: Path) -> LogWriter:
    return LogWriter(
        order=order,
        heads=order.heads,
        disk=LocalDisk(folder),
        signer=make_signer(),
        clock=StoppedClock(),
    )


async def ordered(size: int) -> MemoryOrder:
    """A ledger that has given so many leaves their places."""
    order = MemoryOrder(LEAVES[:size])
    await order.sequence()
    return order


def told(folder: Path) -> tuple[int, bytes]:
    checkpoint = parse_checkpoint(parse_note((folder / CHECKPOINT_NAME).read_text()).text)
    return checkpoint.size, checkpoint.root


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in (folder / "tile").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@settings(max_examples=10)
@given(st.lists(st.integers(0, 600), min_size=1, max_size=5), st.data())
async def test_a_follower_signs_the_leaders_trees_and_serves_the_same_tiles(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], data: st.DataObject
) -> None:
    here, there = (tmp_path_factory.mktemp(name) for name in ("here", "there"))
    order, size = MemoryOrder(), 0
    with member(order, here) as leader, member(order, there) as follower:
        for step in steps:
            order.commit(LEAVES[size : size + step])
            size = min(size + step, len(LEAVES))
            await leader.advance()
            if data.draw(st.booleans()):
                await follower.follow()
                assert told(there) == told(here)
        await follower.follow()

    assert told(there) == told(here) == (size, slow_root(LEAVES[:size]))
    assert files(there).items() <= files(here).items()
    log = PublishedLog(there)
    assert log.tiles.root(size) == slow_root(LEAVES[:size])


async def test_nothing_is_signed_that_the_leader_has_not_let_stand(tmp_path: Path) -> None:
    order = await ordered(10)
    with member(order, tmp_path) as follower:
        assert await follower.follow() == 0
        assert not (tmp_path / CHECKPOINT_NAME).exists()

        await order.heads.swap(LOG, None, TreeHead(7, slow_root(LEAVES[:7])))
        await follower.follow()
        order.commit(LEAVES[10:20])
        assert await follower.follow() == 0

    assert told(tmp_path)[0] == 7
    assert await order.heads.standing(LOG) == TreeHead(7, slow_root(LEAVES[:7])), "not swapped"


async def test_another_tree_than_the_ledger_leads_to_is_never_signed(tmp_path: Path) -> None:
    order = await ordered(10)
    await order.heads.swap(LOG, None, TreeHead(5, slow_root(LEAVES[:5])))
    with member(order, tmp_path) as follower:
        await follower.follow()
        await order.heads.swap(
            LOG, TreeHead(5, slow_root(LEAVES[:5])), TreeHead(9, slow_root(LEAVES[1:10]))
        )
        with pytest.raises(LogForked):
            await follower.follow()

    assert told(tmp_path)[0] == 5


async def test_a_follower_that_saw_more_than_stands_says_so(tmp_path: Path) -> None:
    order, older = await ordered(10), await ordered(10)
    await order.heads.swap(LOG, None, TreeHead(9, slow_root(LEAVES[:9])))
    await older.heads.swap(LOG, None, TreeHead(5, slow_root(LEAVES[:5])))
    with member(order, tmp_path) as follower:
        await follower.follow()
    for tried in range(2):
        with member(older, tmp_path) as follower, pytest.raises(LogRewound):
            await follower.follow()
        assert told(tmp_path)[0] == 9, tried


async def test_a_follower_takes_over_where_its_leader_fell_silent(tmp_path: Path) -> None:
    """The leader dies having agreed upon a tree and signed nothing: that very tree comes next."""
    order = MemoryOrder(LEAVES[:300])
    with (
        member(order, tmp_path / "one") as one,
        member(order, tmp_path / "two") as two,
        member(order, tmp_path / "three") as three,
    ):
        await one.advance()
        await two.follow()
        order.commit(LEAVES[300:700])
        await order.sequence()
        await order.heads.swap(
            LOG, TreeHead(300, slow_root(LEAVES[:300])), TreeHead(500, slow_root(LEAVES[:500]))
        )
        await two.follow()
        assert told(tmp_path / "two") == (500, slow_root(LEAVES[:500]))
        await two.advance()
        await three.follow()
        await one.follow()

    for name in ("one", "two", "three"):
        assert told(tmp_path / name) == (700, slow_root(LEAVES[:700])), name


async def test_who_followed_asks_the_witnesses_before_it_leads(tmp_path: Path) -> None:
    order, asked = MemoryOrder(LEAVES[:10]), list[int]()

    async def ask(edge: Edge) -> None:
        asked.append(edge.size)

    with member(order, tmp_path / "one") as leader:
        await leader.advance()
    writer = LogWriter(
        order=order,
        heads=order.heads,
        disk=LocalDisk(tmp_path / "two"),
        signer=make_signer(),
        clock=StoppedClock(),
        before_signing=ask,
    )
    with writer:
        await writer.follow()
        assert asked == []
        await writer.advance()
        await writer.advance()
        assert asked == [10], "once for each time that it leads"
        await writer.follow()
        await writer.advance()

    assert asked == [10, 10]


@settings(max_examples=10)
@example(before=1, more=66_000)
@given(before=st.integers(0, 1_000), more=st.integers(0, 3_000))
def test_filled_names_every_tile_that_became_full(before: int, more: int) -> None:
    edge, _ = grow(Edge(), make_leaves(before))
    _, made = grow(edge, make_leaves(more))

    assert set(filled(before, before + more)) == {tile for tile in made if tile.width == 256}
