"""After a restore the witnesses are asked before anything is signed."""

import asyncio
import shutil
from pathlib import Path

import pytest

from kaipiao.errors import Outage
from kaipiao.evidence.cosigning.first import WitnessesKnowMore, WitnessesKnowOther
from kaipiao.evidence.recovery import LogBroken
from kaipiao.evidence.run import run_log
from tests.unit.evidence.cosigning.world import LEAVES, World, world
from tests.unit.evidence.fakes import MemoryOrder, make_leaves

OTHERS = make_leaves(3000, history="second")


def restore(w: World, leaves: list[bytes]) -> None:
    """Folder and ledger are those of an older day; only the witnesses remember."""
    shutil.rmtree(w.folder)
    w.order = MemoryOrder(leaves)


async def signs(w: World) -> int:
    with w.writer(asks=True) as writer:
        await writer.advance()
    published = w.published()
    assert published is not None
    return published.size


async def test_a_new_cell_signs_at_once_and_so_does_one_that_was_only_stopped(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as w:
        w.order.commit(LEAVES[:300])
        assert await signs(w) == 300
        assert await w.gathering.round()
        w.order.commit(LEAVES[300:400])

        assert await signs(w) == 400
        assert set(w.told) == {""}


async def test_a_cell_restored_to_an_older_state_does_not_sign(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.witnessed_at(300)
        restore(w, LEAVES[:200])

        with pytest.raises(WitnessesKnowMore, match=r"200 leaves.*300.*nothing is signed"):
            await signs(w)
        assert w.published() is None
        assert "300" in w.told[-1]


async def test_nor_does_one_that_went_on_issuing_after_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.witnessed_at(300)
        restore(w, LEAVES[:200] + OTHERS[:200])

        with pytest.raises(WitnessesKnowOther, match="another tree of 300 leaves"):
            await signs(w)
        assert w.published() is None


async def test_nor_one_with_an_old_folder_and_a_ledger_as_long_as_before(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.publish(200)
        saved = tmp_path / "saved"
        shutil.copytree(w.folder, saved)
        await w.witnessed_at(300)
        restore(w, LEAVES[:200] + OTHERS[:100])
        shutil.copytree(saved, w.folder)

        with pytest.raises(WitnessesKnowOther):
            await signs(w)
        assert w.published() is not None
        assert w.published().size == 200  # type: ignore[union-attr]


async def test_a_rebuilt_cell_that_has_everything_signs(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.witnessed_at(300)
        restore(w, LEAVES[:500])

        assert await signs(w) == 500


async def test_one_silent_witness_of_three_is_no_reason_to_wait(tmp_path: Path) -> None:
    async with world(tmp_path, dead=["bureau"]) as w:
        w.order.commit(LEAVES[:300])

        assert await signs(w) == 300


async def test_while_those_who_are_silent_could_be_a_quorum_nothing_is_signed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path, dead=["bureau"]) as w:
        w.order.commit(LEAVES[:300])
        w.standins["archive"].manner = "ill"
        with pytest.raises(Outage):
            await signs(w)
        assert w.published() is None
        assert "silent: bureau, archive" in caplog.text
        assert "bureau, archive" in w.told[-1]

        w.standins["archive"].manner = "honest"
        assert await signs(w) == 300


async def test_the_loop_waits_for_them_and_goes_on_when_they_answer(tmp_path: Path) -> None:
    async with world(tmp_path, threshold=1) as w:
        w.order.commit(LEAVES[:300])
        w.standins["archive"].manner = "ill"
        stop = asyncio.Event()
        task = asyncio.create_task(run_log(w.writer(asks=True), stop=stop))
        await asyncio.sleep(0.3)
        assert w.published() is None
        w.standins["archive"].manner = "honest"
        async with asyncio.timeout(5):
            while w.published() is None:
                await asyncio.sleep(0.02)
        stop.set()
        await task


async def test_the_loop_ends_loudly_when_they_know_more(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.witnessed_at(300)
        restore(w, LEAVES[:200])

        with pytest.raises(LogBroken):
            await run_log(w.writer(asks=True), stop=asyncio.Event())


async def test_witnesses_that_show_monitors_nothing_still_tell_the_size(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for standin in w.standins.values():
            standin.shows_monitors = False
        await w.witnessed_at(300)
        restore(w, LEAVES[:299])
        with pytest.raises(WitnessesKnowMore):
            await signs(w)


async def test_the_question_leaves_no_trace_but_the_empty_tree(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.order.commit(LEAVES[:300])
        await signs(w)

        held = w.standins["bureau"].memory.all_held()
        assert [one.size for one in held.values()] == [0]
