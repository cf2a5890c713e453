"""Rounds with witnesses that are dead, slow, lying or refusing: enough good ones are enough."""

import asyncio
import time
from pathlib import Path

import pytest

from kaipiao.evidence.checkpoint import parse_checkpoint
from kaipiao.evidence.cosigning.caller import BACKOFF_MAX_S, Caller
from kaipiao.evidence.cosigning.gather import GRACE_S, REFRESH_S
from kaipiao.evidence.cosigning.memory import MemoryFile, Mood, Remembered
from tests.unit.evidence.cosigning.world import NAMES, world


async def test_all_cosign_and_the_policy_is_satisfied(tmp_path: Path) -> None:
    async with world(tmp_path, threshold=3) as w:
        await w.publish(300)
        assert await w.gathering.round()

        note = w.witnessed()
        assert note is not None
        assert parse_checkpoint(note.text) == w.published()
        assert w.policy.witnessed_at(note) == int(w.clock.at.timestamp())


async def test_one_of_three_may_be_dead(tmp_path: Path) -> None:
    async with world(tmp_path, dead=["auditor"]) as w:
        await w.publish(300)
        assert await w.gathering.round()

        assert w.witnesses_of(w.witnessed()) == {"bureau", "archive"}
        assert w.callers["auditor"].standing.mood is Mood.SILENT


async def test_without_a_quorum_nothing_is_published_and_later_it_is(tmp_path: Path) -> None:
    async with world(tmp_path, dead=["auditor"]) as w:
        await w.publish(300)
        w.standins["archive"].manner = "ill"
        assert not await w.gathering.round()
        assert w.witnessed() is None

        w.standins["archive"].manner = "honest"
        assert not await w.gathering.round(), "it is left alone for a moment"
        w.clock.move(BACKOFF_MAX_S)
        assert await w.gathering.round()


@pytest.mark.parametrize(
    ("manner", "mood"),
    [("lying", Mood.LYING), ("refusing", Mood.REFUSED), ("ill", Mood.SILENT)],
)
async def test_what_a_bad_witness_says_is_never_published(
    tmp_path: Path, manner: str, mood: Mood
) -> None:
    async with world(tmp_path) as w:
        w.standins["bureau"].manner = manner
        await w.publish(300)
        assert await w.gathering.round()

        note = w.witnessed()
        assert w.witnesses_of(note) == {"auditor", "archive"}
        assert note is not None
        assert not any(s.name.startswith("bureau") for s in note.signatures)
        standing = w.callers["bureau"].standing
        assert (standing.mood, standing.failures) == (mood, 1)
        assert standing.why


async def test_lines_of_strangers_in_an_answer_are_left_behind(tmp_path: Path) -> None:
    async with world(tmp_path, threshold=3) as w:
        w.standins["bureau"].manner = "chatty"
        await w.witnessed_at(300)

        note = w.witnessed()
        assert note is not None
        assert len(w.witnesses_of(note)) == 3
        assert not any(s.name.startswith("stranger") for s in note.signatures)


async def test_a_slow_witness_costs_the_others_a_moment_and_never_its_own_time(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as w:
        w.standins["bureau"].manner = "slow"
        await w.publish(300)
        round_ = asyncio.create_task(w.gathering.round())
        started = time.monotonic()
        while w.witnessed() is None:
            await asyncio.sleep(0.01)
        assert time.monotonic() - started < 0.7, "published as soon as two have cosigned"
        assert await round_

        assert time.monotonic() - started < GRACE_S + 0.4
        assert w.callers["bureau"].standing.mood is Mood.SILENT
        w.order.commit([bytes(32)])
        with w.writer() as writer:  # our own checkpoint does not wait for anyone
            await writer.advance()


async def test_a_log_that_grows_proves_that_it_continues(tmp_path: Path) -> None:
    async with world(tmp_path, threshold=3) as w:
        for size in (1, 2, 255, 256, 257, 1000):
            await w.witnessed_at(size)
            assert {c.standing.size for c in w.callers.values()} == {size}
        assert [s.asked for s in w.standins.values()] == [6, 6, 6]


async def test_the_size_that_a_witness_holds_is_learned_from_its_answer(tmp_path: Path) -> None:
    async with world(tmp_path, threshold=3) as w:
        await w.witnessed_at(300)
        w.callers.clear()  # a cell that lost its memory of the witnesses
        w.callers.update({desk.witness.name: Caller(desk, w.clock) for desk in w.desks})
        w.gathering = w.new_gathering()
        await w.witnessed_at(700)

        assert [s.asked for s in w.standins.values()] == [3, 3, 3]


async def test_what_was_remembered_spares_the_question(tmp_path: Path) -> None:
    memory = MemoryFile(tmp_path / "witnesses.json")
    async with world(tmp_path, threshold=3) as w:
        await w.witnessed_at(300)
        memory.write(Remembered(witnesses=tuple(c.standing for c in w.callers.values())))
        known = {standing.name: standing for standing in memory.read().witnesses}
        w.callers.update(
            {d.witness.name: Caller(d, w.clock, known[d.witness.name]) for d in w.desks}
        )
        w.gathering = w.new_gathering()
        await w.witnessed_at(700)

        assert [s.asked for s in w.standins.values()] == [2, 2, 2]
    (tmp_path / "witnesses.json").write_text('{"witnesses": 7}')
    assert memory.read() == Remembered()


async def test_a_log_at_rest_is_shown_again_only_now_and_then(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.witnessed_at(300)
        first = w.witnessed_second()
        assert not await w.gathering.round()
        assert [s.asked for s in w.standins.values()] == [1, 1, 1]
        w.clock.move(REFRESH_S)
        assert await w.gathering.round()

        assert w.witnessed_second() == first + REFRESH_S


async def test_a_witness_that_holds_another_history_is_told_apart_from_a_rude_one(
    tmp_path: Path,
) -> None:
    """The genuine key signed two histories: no proof leads from the first to the second."""
    async with world(tmp_path / "first") as w:
        await w.witnessed_at(300)
        async with world(tmp_path / "second") as fork:
            await fork.publish(400, [bytes([n % 7]) * 32 for n in range(400)])
            fork.callers.update({d.witness.name: Caller(d, w.clock) for d in w.desks})
            fork.gathering = fork.new_gathering()

            assert not await fork.gathering.round()
            standings = {c.standing.mood: c.standing.size for c in fork.callers.values()}
            assert standings == {Mood.CONTRADICTS: 300}, "what it holds is told"
            assert fork.witnessed() is None


async def test_a_witness_that_holds_more_than_we_published_contradicts_us(tmp_path: Path) -> None:
    async with world(tmp_path / "first") as w:
        await w.witnessed_at(300)
        async with world(tmp_path / "second") as older:
            await older.publish(200)
            older.callers.update({d.witness.name: Caller(d, w.clock) for d in w.desks})
            older.gathering = older.new_gathering()

            assert not await older.gathering.round()
            standing = older.callers["bureau"].standing
            assert standing.mood is Mood.CONTRADICTS
            assert "300" in standing.why


async def test_failures_are_answered_with_longer_and_longer_rests(tmp_path: Path) -> None:
    async with world(tmp_path, dead=NAMES) as w:
        await w.publish(10)
        rests = []
        for _ in range(9):
            await w.gathering.round()
            standing = w.callers["bureau"].standing
            rests.append(standing.retry_at - int(w.clock.at.timestamp()))
            assert not w.callers["bureau"].is_due()
            w.clock.move(rests[-1])

        assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]
