"""Two signers never sign two trees of one log: what every ledger promises, and what it is for."""

import asyncio

import pytest

from kaipiao.base.canonical import digest
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, parse_checkpoint
from kaipiao.evidence.keys import Ed25519Signer
from kaipiao.evidence.merkle import tree_root
from kaipiao.evidence.note import parse_note
from kaipiao.evidence.recovery import LogBroken, LogForked, LogRewound
from kaipiao.evidence.writer import LogWriter, Overtaken
from kaipiao.ports import SignedHeads, TreeHead
from kaipiao.twin.disk import FragileDisk
from tests.stores import OpenStore, Store
from tests.unit.evidence.fakes import MemoryOrder, StoppedClock, make_leaves

LOG = "kaipiao.example/31-1"


def head(size: int, history: str = "ours") -> TreeHead:
    return TreeHead(size, digest(f"{history} {size}".encode()))


async def test_a_new_log_has_no_head_and_its_first_one_stands_for_everybody(
    open_store: OpenStore,
) -> None:
    here, there = await open_store(), await open_store()

    assert await here.heads.standing(LOG) is None
    assert await here.heads.swap(LOG, None, head(0))
    assert await there.heads.standing(LOG) == head(0)
    assert await there.heads.standing("another.example") is None


async def test_a_head_grows_only_out_of_the_one_that_stands(store: Store) -> None:
    await store.heads.swap(LOG, None, head(5))

    assert await store.heads.swap(LOG, head(5), head(9))
    assert not await store.heads.swap(LOG, head(5), head(10)), "nine stands"
    assert not await store.heads.swap(LOG, None, head(10))
    assert not await store.heads.swap(LOG, head(9, "theirs"), head(10)), "another root of nine"
    assert await store.heads.standing(LOG) == head(9)


async def test_nothing_shrinks_and_no_size_gets_a_second_root(store: Store) -> None:
    await store.heads.swap(LOG, None, head(5))

    assert not await store.heads.swap(LOG, head(5), head(4))
    assert not await store.heads.swap(LOG, head(5), head(5, "theirs"))
    assert await store.heads.standing(LOG) == head(5)


async def test_asking_again_is_harmless(store: Store) -> None:
    for before, after in ((None, head(5)), (head(5), head(5)), (head(5), head(9))):
        assert await store.heads.swap(LOG, before, after)
        assert await store.heads.swap(LOG, before, after)


async def test_of_many_who_swap_at_once_one_is_agreed_with(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(4)]
    for size in range(1, 12):
        before = await stores[0].heads.standing(LOG)
        crowd = [head(size, f"of {n}") for n in range(8)]
        swaps = (stores[n % 4].heads.swap(LOG, before, after) for n, after in enumerate(crowd))
        agreed = await asyncio.gather(*swaps)

        assert agreed.count(True) == 1
        assert await stores[0].heads.standing(LOG) == crowd[agreed.index(True)]


class Watched(Ed25519Signer):
    """Remembers every tree it put its name to."""

    def __init__(self) -> None:
        super().__init__(LOG, bytes(32))
        self.signed: list[Checkpoint] = []

    def sign(self, text: bytes) -> bytes:
        self.signed.append(parse_checkpoint(text.decode()))
        return super().sign(text)


class Folder:
    """A program that believes to be the only one: its folder, and its idea of the order."""

    def __init__(self, heads: SignedHeads, order: MemoryOrder) -> None:
        self.signer, self.disk, self.order = Watched(), FragileDisk(), order
        self.writer = LogWriter(
            order=order, heads=heads, disk=self.disk, signer=self.signer, clock=StoppedClock()
        )
        self.broken: LogBroken | None = None

    async def write(self, leaves: list[bytes], step: int) -> None:
        """Take in the leaves, a few at a time, until done or broken."""
        for size in range(step, len(leaves) + step, step):
            self.order.committed = leaves[: max(size, len(self.order.committed))]
            await self.advance()

    async def advance(self) -> None:
        while self.broken is None:
            try:
                await self.writer.advance()
            except Overtaken:
                continue
            except LogBroken as broken:
                self.broken = broken
            return


def roots_by_size(*folders: Folder) -> dict[int, set[bytes]]:
    found: dict[int, set[bytes]] = {}
    for folder in folders:
        for one in folder.signer.signed:
            found.setdefault(one.size, set()).add(one.root)
    return found


@pytest.mark.parametrize(("fork_at", "steps"), [(0, (7, 7)), (40, (7, 11)), (100, (13, 5))])
async def test_two_programs_with_two_histories_never_sign_two_trees(
    open_store: OpenStore, fork_at: int, steps: tuple[int, int]
) -> None:
    ours = make_leaves(200)
    theirs = ours[:fork_at] + make_leaves(200 - fork_at, history="theirs")
    here = Folder((await open_store()).heads, MemoryOrder())
    there = Folder((await open_store()).heads, MemoryOrder())

    await asyncio.gather(here.write(ours, steps[0]), there.write(theirs, steps[1]))

    assert all(len(roots) == 1 for roots in roots_by_size(here, there).values())
    assert [type(one.broken) for one in (here, there)].count(type(None)) == 1, "one stopped, loudly"
    winner, history = (here, ours) if here.broken is None else (there, theirs)
    for folder in (here, there):
        for one in folder.signer.signed:
            assert one.root == tree_root(history[: one.size]), "a beginning of the one history"
    assert winner.signer.signed[-1].size == 200


async def test_two_programs_with_one_history_go_on_in_peace(open_store: OpenStore) -> None:
    leaves, order = make_leaves(200), MemoryOrder()
    here = Folder((await open_store()).heads, order)
    there = Folder((await open_store()).heads, order)

    await asyncio.gather(here.write(leaves, 9), there.write(leaves, 7))
    await here.advance()
    await there.advance()

    assert here.broken is None
    assert there.broken is None
    assert here.disk.read(CHECKPOINT_NAME) == there.disk.read(CHECKPOINT_NAME)


class DiesAfterAgreeing:
    """A ledger's heads, for a process that dies with the answer in its hands."""

    def __init__(self, inner: SignedHeads) -> None:
        self._inner = inner
        self.is_deadly = False

    async def standing(self, log: str) -> TreeHead | None:
        return await self._inner.standing(log)

    async def swap(self, log: str, before: TreeHead | None, after: TreeHead) -> bool:
        agreed = await self._inner.swap(log, before, after)
        if self.is_deadly:
            raise KeyboardInterrupt
        return agreed


async def test_who_died_between_agreeing_and_signing_signs_that_very_tree_next(
    store: Store,
) -> None:
    heads, order = DiesAfterAgreeing(store.heads), MemoryOrder(make_leaves(30))
    folder = Folder(heads, order)
    await folder.advance()
    heads.is_deadly, order.committed = True, make_leaves(50)
    with pytest.raises(KeyboardInterrupt):
        await folder.writer.advance()
    assert [one.size for one in folder.signer.signed] == [30]

    order.committed, heads.is_deadly = make_leaves(90), False
    again = Folder(heads, order)
    again.disk = folder.disk
    again.writer = LogWriter(
        order=order, heads=heads, disk=folder.disk, signer=again.signer, clock=StoppedClock()
    )
    await again.advance()

    assert [one.size for one in again.signer.signed] == [50, 90]
    assert again.signer.signed[0].root == tree_root(make_leaves(50))


async def test_a_ledger_that_lost_what_was_agreed_upon_stops_the_log(store: Store) -> None:
    order = MemoryOrder(make_leaves(30))
    await Folder(store.heads, order).advance()

    order.committed = make_leaves(20)
    shorter = Folder(store.heads, order)
    await shorter.advance()
    assert isinstance(shorter.broken, LogRewound)

    order.committed = make_leaves(40, history="theirs")
    other = Folder(store.heads, order)
    await other.advance()
    assert isinstance(other.broken, LogForked)
    assert not other.signer.signed


async def test_a_log_from_before_there_was_anything_to_agree_upon_goes_on(store: Store) -> None:
    order = MemoryOrder(make_leaves(30))
    old = Folder(order.heads, order)
    await old.advance()

    new = LogWriter(
        order=order, heads=store.heads, disk=old.disk, signer=old.signer, clock=StoppedClock()
    )
    await new.advance()

    assert await store.heads.standing(LOG) == TreeHead(30, tree_root(make_leaves(30)))
    assert parse_checkpoint(parse_note(old.disk.read(CHECKPOINT_NAME).decode()).text).size == 30


async def test_a_folder_that_fell_behind_does_not_follow_into_another_history(
    store: Store,
) -> None:
    ours, common = make_leaves(60), make_leaves(30)
    behind = Folder(store.heads, MemoryOrder(common))
    ahead = Folder(store.heads, MemoryOrder(common))
    await behind.advance()
    await ahead.advance()
    ahead.order.committed = ours[:50]
    await ahead.advance()

    behind.order.committed = ours[:40] + make_leaves(20, history="theirs")
    await behind.advance()

    assert isinstance(behind.broken, LogForked)
    assert [one.size for one in behind.signer.signed] == [30]
