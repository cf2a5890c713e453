"""The witnessed checkpoint is stamped every so often; an authority that fails is waited out."""

from pathlib import Path

import pytest

from kaipiao.evidence.checkpoint import STAMPED_NAME
from kaipiao.evidence.cosigning.memory import MemoryFile, Trouble
from kaipiao.evidence.cosigning.run import Cosigning
from kaipiao.evidence.cosigning.stamp import RETRY_S, NotStamped, Stamping
from kaipiao.evidence.grade import Grade, grade_note
from kaipiao.evidence.note import parse_note
from kaipiao.evidence.timestamp import parse_authority
from tests.authority import LocalAuthority, authority_up
from tests.unit.evidence.cosigning.world import SIGNER, World, world

EVERY_S = 600


def stamping_of(w: World, authority: LocalAuthority) -> Stamping:
    return Stamping(
        disk=w.disk,
        authority=parse_authority(authority.root.read_bytes()),
        url=authority.url,
        every_s=EVERY_S,
        http=w.http,
        clock=w.clock,
    )


async def test_a_stamp_is_put_beside_the_witnessed_checkpoint_every_so_often(
    tmp_path: Path,
) -> None:
    with authority_up(tmp_path) as authority:
        async with world(tmp_path) as w:
            stamping = stamping_of(w, authority)
            assert not await stamping.round(), "nothing is witnessed yet"
            await w.witnessed_at(300)
            assert await stamping.round()
            stamped = (w.folder / STAMPED_NAME).read_text()
            trusted = parse_authority(authority.root.read_bytes())
            graded = grade_note(parse_note(stamped), SIGNER.verifier, w.policy, trusted)
            assert graded.grade is Grade.E3

            await w.witnessed_at(400)
            assert not await stamping.round(), "not so soon"
            w.clock.move(EVERY_S)
            assert await stamping.round()
            w.clock.move(EVERY_S)
            assert not await stamping.round(), "nothing new to stamp"
            assert authority.asked == 2


@pytest.mark.parametrize("manner", ["ill", "stale", "talkative"])
async def test_an_authority_that_fails_or_answers_something_else_is_waited_out(
    tmp_path: Path, manner: str
) -> None:
    with authority_up(tmp_path) as authority:
        async with world(tmp_path) as w:
            stamping = stamping_of(w, authority)
            await w.witnessed_at(300)
            assert await stamping.round()
            first = (w.folder / STAMPED_NAME).read_bytes()
            await w.witnessed_at(400)
            w.clock.move(EVERY_S)
            authority.manner = manner
            with pytest.raises(NotStamped):
                await stamping.round()
            assert (w.folder / STAMPED_NAME).read_bytes() == first

            authority.manner = "honest"
            assert not await stamping.round(), "it is left alone for a moment"
            w.clock.move(RETRY_S)
            assert await stamping.round()


async def test_an_old_answer_to_the_same_question_is_no_answer(tmp_path: Path) -> None:
    """The bytes are the same, so the token would hold; only the nonce tells that it is a replay."""
    with authority_up(tmp_path) as authority:
        async with world(tmp_path) as w:
            await w.witnessed_at(300)
            assert await stamping_of(w, authority).round()
            (w.folder / STAMPED_NAME).unlink()
            authority.manner = "stale"

            with pytest.raises(NotStamped, match="Nonce"):
                await stamping_of(w, authority).round()


async def test_the_loop_tells_people_and_forgets_when_it_is_over(tmp_path: Path) -> None:
    memory = MemoryFile(tmp_path / "witnesses.json")
    with authority_up(tmp_path) as authority:
        async with world(tmp_path) as w:
            cosigning = Cosigning(
                gathering=w.gathering,
                callers=list(w.callers.values()),
                stamping=stamping_of(w, authority),
                memory=memory,
            )
            await cosigning.round()
            authority.manner = "ill"
            await w.publish(300)
            await cosigning.round()
            assert "503" in memory.read().stamp_trouble
            assert len(memory.read().witnesses) == 3

            authority.manner = "honest"
            w.clock.move(RETRY_S)
            await cosigning.round()
            assert memory.read().stamp_trouble == ""
            await cosigning.tell(Trouble("未签名", "nothing is signed"))
            assert memory.read().trouble == Trouble("未签名", "nothing is signed")
