"""What the leader got from witnesses all members serve, each having proved it for itself."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kaipiao.evidence.checkpoint import (
    CHECKPOINT_NAME,
    STAMPED_NAME,
    WITNESSED_NAME,
    Checkpoint,
    compose_checkpoint,
    parse_checkpoint,
)
from kaipiao.evidence.cosignature import compose_line
from kaipiao.evidence.cosigning.first import AskWitnesses, WitnessesKnowMore
from kaipiao.evidence.cosigning.memory import MemoryFile, Mood
from kaipiao.evidence.cosigning.run import Cosigning
from kaipiao.evidence.cosigning.sharing import Sharing
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.edge import Edge
from kaipiao.evidence.merkle import leaf_hash
from kaipiao.evidence.note import compose_note, parse_note
from kaipiao.evidence.paths import Paths
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.writer import LogWriter
from tests.unit.evidence.cosigning.test_stamp import authority_up, stamping_of
from tests.unit.evidence.cosigning.world import LEAVES, SIGNER, World, world
from tests.unit.evidence.fakes import MemoryNotes, make_leaves
from tests.unit.evidence.rfc6962 import slow_root
from tests.unit.evidence.witnessed import make_cosigner

NOTES = ("bureau", "auditor")


class Member:
    """One more folder of the world's log."""

    def __init__(self, w: World, notes: MemoryNotes, folder: Path, **sharing: object) -> None:
        self.folder = folder
        self.disk = LocalDisk(folder)
        self.memory = MemoryFile(folder.parent / f"{folder.name}.json")
        self.sharing = Sharing(
            shared=notes,
            disk=self.disk,
            key=SIGNER.verifier,
            witnesses=w.policy,
            authority=None,
            memory=self.memory,
            **sharing,  # type: ignore[arg-type]
        )
        self.writer = LogWriter(
            order=w.order, heads=w.order.heads, disk=self.disk, signer=SIGNER, clock=w.clock
        )

    async def follow(self) -> None:
        with self.writer:
            await self.writer.follow()

    def text(self, name: str) -> str | None:
        path = self.folder / name
        return path.read_text() if path.exists() else None

    def proves_all(self, name: str) -> bool:
        """Whether every leaf is proved under the note, from this member's files alone."""
        checkpoint = parse_checkpoint(parse_note(self.text(name) or "").text)
        paths = Paths(PublishedLog(self.folder).tiles, checkpoint)
        found = [paths.find(index)[0] for index in range(checkpoint.size)]
        return found == [leaf_hash(leaf) for leaf in LEAVES[: checkpoint.size]]


def leader_of(w: World, notes: MemoryNotes) -> Cosigning:
    memory = MemoryFile(w.folder.parent / "leader.json")
    sharing = Sharing(
        shared=notes,
        disk=w.disk,
        key=SIGNER.verifier,
        witnesses=w.policy,
        authority=None,
        memory=memory,
    )
    return Cosigning(
        gathering=w.gathering,
        callers=list(w.callers.values()),
        stamping=None,
        memory=memory,
        sharing=sharing,
    )


@pytest.mark.parametrize(
    ("seen", "cosigned", "now"),
    [(1, 2, 3), (10, 300, 350), (255, 256, 257), (256, 300, 600), (511, 513, 700), (5, 512, 512)],
)
async def test_a_follower_serves_the_leaders_note_of_a_size_it_never_published(
    tmp_path: Path, seen: int, cosigned: int, now: int
) -> None:
    async with world(tmp_path) as w:
        notes = MemoryNotes()
        leader = leader_of(w, notes)
        followers = [Member(w, notes, tmp_path / name) for name in ("two", "three")]
        await w.publish(seen)
        await followers[0].follow()
        await w.publish(cosigned)
        await leader.round()
        assert not await followers[0].sharing.take(leads=False), "its tree is not there yet"
        assert followers[0].text(WITNESSED_NAME) is None

        await w.publish(now)
        for follower in followers:
            await follower.follow()
            assert await follower.sharing.take(leads=False)
            assert follower.text(WITNESSED_NAME) == (w.folder / WITNESSED_NAME).read_text()
            assert follower.proves_all(WITNESSED_NAME)
            assert follower.proves_all(CHECKPOINT_NAME)
            moods = {one.mood for one in follower.memory.read().witnesses}
            assert moods == {Mood.COSIGNED}, "people are told the same on every member"


async def test_a_time_stamp_travels_too_and_is_proved_where_it_arrives(tmp_path: Path) -> None:
    with authority_up(tmp_path) as authority:
        async with world(tmp_path) as w:
            notes, stamping = MemoryNotes(), stamping_of(w, authority)
            leader = leader_of(w, notes)
            leader._stamping = stamping
            await w.publish(300)
            await leader.round()
            trusting = Member(w, notes, tmp_path / "two")
            trusting.sharing._authority = stamping._authority
            knows_none = Member(w, notes, tmp_path / "three")
            for member in (trusting, knows_none):
                await member.follow()
                await member.sharing.take(leads=False)

            assert trusting.text(STAMPED_NAME) == (w.folder / STAMPED_NAME).read_text()
            assert trusting.proves_all(STAMPED_NAME)
            assert knows_none.text(STAMPED_NAME) is None
            assert knows_none.text(WITNESSED_NAME) is not None


def shared_note(leaves: Sequence[bytes], *, witnesses: Sequence[str], signer: object) -> str:
    checkpoint = Checkpoint(SIGNER.verifier.name, len(leaves), slow_root(list(leaves)))
    text = compose_checkpoint(checkpoint)
    lines = [
        compose_line(make_cosigner(name).cosign(text, seconds=1_800_000_000)) for name in witnesses
    ]
    return compose_note(text, [signer]) + "".join(lines)  # type: ignore[list-item]


async def test_a_note_without_the_quorum_or_of_another_tree_is_not_taken_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As if someone who can write the database had put it there."""
    others = make_leaves(300, history="second")
    bad = [
        shared_note(LEAVES[:300], witnesses=["bureau"], signer=SIGNER),
        shared_note(LEAVES[:300], witnesses=["bureau", "stranger"], signer=SIGNER),
        shared_note(others, witnesses=NOTES, signer=SIGNER),
    ]
    async with world(tmp_path) as w:
        await w.publish(400)
        for note in bad:
            notes = MemoryNotes()
            member = Member(w, notes, tmp_path / "two")
            await member.follow()
            await notes.put(SIGNER.verifier.name, WITNESSED_NAME, 300, note)
            await member.sharing.take(leads=False)
            assert member.text(WITNESSED_NAME) is None
            assert "is not taken over" in caplog.text
            caplog.clear()
        good = shared_note(LEAVES[:300], witnesses=NOTES, signer=SIGNER)
        await notes.put(SIGNER.verifier.name, WITNESSED_NAME, 300, good)
        await member.sharing.take(leads=False)
        assert member.text(WITNESSED_NAME) == good


async def test_who_takes_the_lead_shows_witnesses_nothing_older_than_they_saw(
    tmp_path: Path,
) -> None:
    """A witness would take him for another log."""
    async with world(tmp_path) as w:
        notes = MemoryNotes()
        await w.publish(300)
        older = Member(w, notes, tmp_path / "two")
        await older.follow()
        await w.publish(400)
        await leader_of(w, notes).round()
        asked = [one.asked for one in w.standins.values()]

        w.disk, w.folder = older.disk, older.folder
        w.gathering = w.new_gathering()
        heir = leader_of(w, notes)
        await heir.round(leads=True)
        assert [one.asked for one in w.standins.values()] == asked

        await older.follow()
        await w.publish(450)
        await heir.round(leads=True)
        assert all(caller.standing.mood is Mood.COSIGNED for caller in w.callers.values())
        shared = await notes.read(SIGNER.verifier.name)
        assert shared[WITNESSED_NAME] == older.text(WITNESSED_NAME)
        assert w.witnesses_of(w.witnessed()) == set(w.policy.witnesses)


async def test_an_heir_whose_ledger_lacks_what_the_members_were_told_signs_nothing(
    tmp_path: Path,
) -> None:
    """Though no witness can be reached that would say so."""
    async with world(tmp_path) as w:
        notes = MemoryNotes()
        await w.publish(300)
        await leader_of(w, notes).round()
        for standin in w.standins.values():
            standin.manner = "ill"
        heir = Member(w, notes, tmp_path / "two")
        w.order.committed = list(LEAVES[:200])
        ask = AskWitnesses(
            policy=w.policy,
            desks=w.desks,
            signer=SIGNER,
            key=SIGNER.verifier,
            order=w.order,
            disk=heir.disk,
            clock=w.clock,
            tell=w.tell,
            known=heir.sharing.witnessed,
        )
        with pytest.raises(WitnessesKnowMore, match="300"):
            await ask(Edge())
