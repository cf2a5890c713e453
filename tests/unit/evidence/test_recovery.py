"""Whenever the power fails, the next start finds the log as it was promised, and goes on.

The ledger's order survives; the disk keeps what it must and forgets what it may.  For every act
of the writer at which the power can fail: what was published stays published, nothing is signed
that contradicts it, and the log arrives at exactly the committed leaves.
"""

from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from kaipiao.errors import Outage
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.keys import Ed25519Signer
from kaipiao.evidence.note import compose_note
from kaipiao.evidence.reader import TileReader
from kaipiao.evidence.recovery import (
    CheckpointUnreadable,
    LogBroken,
    LogForked,
    LogRewound,
    read_checkpoint,
)
from kaipiao.evidence.settling import MARK_NAME, read_mark
from kaipiao.evidence.writer import LogWriter
from kaipiao.twin.disk import FragileDisk, PowerCut
from tests.unit.evidence.fakes import (
    MemoryOrder,
    StoppedClock,
    make_leaves,
    make_signer,
    new_heads,
)
from tests.unit.evidence.rfc6962 import slow_root

LEAVES = make_leaves(1100)
COMMITS = (0, 3, 250, 256, 257, 300, 512, 1100)
"""The size of the ledger at each step: empty, partial, exactly full, over, two tiles, more."""
ROOTS = {size: slow_root(LEAVES[:size]) for size in range(1101) if size in COMMITS}
SIGNER = make_signer()


def writer_of(order: MemoryOrder, disk: FragileDisk) -> LogWriter:
    return LogWriter(order=order, heads=order.heads, disk=disk, signer=SIGNER, clock=StoppedClock())


def published(disk: FragileDisk) -> Checkpoint | None:
    return read_checkpoint(disk, [SIGNER.verifier])


async def keep_publishing(order: MemoryOrder, disk: FragileDisk, sizes: list[int]) -> None:
    """Commit and publish step by step; ``sizes`` notes what was certainly published."""
    with writer_of(order, disk) as writer:
        for size in COMMITS:
            order.commit(LEAVES[len(order.committed) : size])
            await writer.advance()
            sizes.append(size)
            writer.settle()


def check_promise(disk: FragileDisk, *, at_least: int) -> int:
    """What was published is still said; its size.  Its tiles may wait for the next start."""
    checkpoint = published(disk)
    size = -1 if checkpoint is None else checkpoint.size
    assert size >= at_least, "a published checkpoint was lost"
    if checkpoint is not None:
        assert checkpoint.root == ROOTS[size], "something else than the ledger was signed"
    return size


async def start(order: MemoryOrder, disk: FragileDisk) -> None:
    with writer_of(order, disk) as writer:
        await writer.advance()


def check_log(disk: FragileDisk, *, at_least: int) -> int:
    """The published log is whole, and is the beginning of ours; its size."""
    size = check_promise(disk, at_least=at_least)
    checkpoint = published(disk)
    if checkpoint is not None:
        tiles = TileReader(disk.read)
        assert tiles.root(size) == checkpoint.root, "a published tile was lost"
        bundles = range(-(-size // 256))
        assert [e for n in bundles for e in tiles.entries(n, size)] == LEAVES[:size]
        for bundle in bundles:
            tiles.hashes(0, bundle, size)
    return size


async def acts_of_a_whole_run() -> int:
    disk = FragileDisk()
    await keep_publishing(MemoryOrder(), disk, [])
    return disk.acts


async def test_a_power_cut_at_any_act_is_repaired_by_the_ordinary_start() -> None:
    acts = await acts_of_a_whole_run()
    assert acts > 120
    for fuse in range(1, acts + 1):
        order, disk, sure = MemoryOrder(), FragileDisk(Random(fuse), fuse=fuse), [-1]
        with pytest.raises(PowerCut):
            await keep_publishing(order, disk, sure)

        found = disk.after_power_cut()
        check_promise(found, at_least=sure[-1])
        await start(order, found)
        check_log(found, at_least=max(sure[-1], len(order.committed)))
        await keep_publishing(order, found, [])
        assert check_log(found, at_least=1100) == 1100


async def test_the_power_may_fail_again_and_again() -> None:
    for seed in range(100):
        rng = Random(seed)
        order, disk, sure = MemoryOrder(), FragileDisk(rng), -1
        for _ in range(8):
            disk.fuse = disk.acts + rng.randint(1, 60)
            sizes = [sure]
            try:
                await keep_publishing(order, disk, sizes)
            except PowerCut:
                disk = disk.after_power_cut()
            sure = check_promise(disk, at_least=max(sizes))
        disk.fuse = None
        await keep_publishing(order, disk, [])
        assert check_log(disk, at_least=1100) == 1100


@pytest.mark.parametrize("left", range(14))
async def test_whatever_was_not_forced_yet_is_made_again(left: int) -> None:
    """Some tiles were forced when the power failed, and some were not."""
    order, disk = MemoryOrder(), FragileDisk(Random(left))
    writer = writer_of(order, disk)
    for size in COMMITS:
        order.commit(LEAVES[len(order.committed) : size])
        await writer.advance()
    disk.fuse = disk.acts + left
    with suppress(PowerCut):
        writer.settle()
        writer.mark()

    found = disk.after_power_cut()
    check_promise(found, at_least=1100)
    await start(order, found)
    check_log(found, at_least=1100)


@pytest.mark.parametrize("mark", [b"", b"x" * 100, None])
async def test_a_damaged_mark_costs_time_and_nothing_else(mark: bytes | None) -> None:
    disk = await grown_log()
    disk.spoil(MARK_NAME, mark)
    await start(MemoryOrder(LEAVES), disk)

    assert check_log(disk, at_least=1100) == 1100
    assert read_mark(disk) is not None


async def test_a_start_costs_no_reading_of_the_whole_ledger() -> None:
    disk = FragileDisk()
    await keep_publishing(MemoryOrder(), disk, [])
    order = CountingOrder(LEAVES)
    with writer_of(order, disk) as writer:
        await writer.advance()

    assert order.read == 1


class CountingOrder(MemoryOrder):
    read = 0

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        leaves = await super().leaves(start, limit)
        self.read += len(leaves)
        return leaves


async def grown_log() -> FragileDisk:
    disk = FragileDisk()
    await keep_publishing(MemoryOrder(), disk, [])
    return disk


@pytest.mark.parametrize("history", ["other", "first"])
@pytest.mark.parametrize("kept", [0, 3, 1099])
async def test_a_ledger_restored_to_an_older_state_signs_nothing(kept: int, history: str) -> None:
    disk = await grown_log()
    before = disk.read(CHECKPOINT_NAME)
    order = MemoryOrder(make_leaves(kept, history=history))
    with writer_of(order, disk) as writer, pytest.raises(LogRewound, match="1100"):
        await writer.advance()

    assert disk.read(CHECKPOINT_NAME) == before


async def test_a_ledger_that_went_another_way_signs_nothing() -> None:
    """Restored, and then issued on: it is long enough again, and a different one."""
    disk = await grown_log()
    before = disk.read(CHECKPOINT_NAME)
    order = MemoryOrder([*LEAVES[:1050], *make_leaves(500, history="other")])
    with writer_of(order, disk) as writer, pytest.raises(LogForked, match="1099"):
        await writer.advance()

    assert disk.read(CHECKPOINT_NAME) == before


async def test_a_fork_while_running_is_noticed_before_it_is_signed() -> None:
    """A failover to a standby that lost the last batch, between one advance and the next."""
    order, disk = MemoryOrder(LEAVES[:300]), FragileDisk()
    with writer_of(order, disk) as writer:
        await writer.advance()
        order.committed = [*LEAVES[:290], *make_leaves(50, history="other")]
        with pytest.raises(LogForked):
            await writer.advance()
        order.committed = LEAVES[:290]
        with pytest.raises(LogRewound):
            await writer.advance()

    checkpoint = published(disk)
    assert checkpoint is not None
    assert checkpoint.size == 300


def lose(name: str) -> Callable[[FragileDisk], None]:
    return lambda disk: disk.spoil(name, None)


def flip(name: str) -> Callable[[FragileDisk], None]:
    def spoil(disk: FragileDisk) -> None:
        content = bytearray(disk.read(name))
        content[-1] ^= 1
        disk.spoil(name, bytes(content))

    return spoil


@pytest.mark.parametrize("spoil", [lose, flip])
@pytest.mark.parametrize("name", ["tile/0/004.p/76", "tile/1/000.p/4", "tile/entries/004.p/76"])
async def test_damaged_tiles_at_the_edge_are_made_again(
    name: str, spoil: Callable[[str], Callable[[FragileDisk], None]]
) -> None:
    disk = await grown_log()
    spoil(name)(disk)
    with writer_of(MemoryOrder(LEAVES), disk) as writer:
        await writer.advance()

    assert check_log(disk, at_least=1100) == 1100


async def test_tiles_are_not_made_again_from_a_ledger_with_another_past() -> None:
    """The published tiles are evidence; a rewritten ledger must not overwrite them."""
    disk = await grown_log()
    for name in ("tile/1/000.p/4", MARK_NAME):
        disk.spoil(name, None)
    before = {name: disk.read(name) for name in disk.names()}
    order = MemoryOrder([*make_leaves(1, history="other"), *LEAVES[1:]])
    with writer_of(order, disk) as writer, pytest.raises(LogForked, match="another root"):
        await writer.advance()

    assert {name: disk.read(name) for name in disk.names()} == before


async def test_nor_are_those_beyond_the_mark() -> None:
    order, disk = MemoryOrder(LEAVES[:512]), FragileDisk()
    with writer_of(order, disk) as writer:
        await writer.advance()
    order.commit(LEAVES[512:])
    await writer_of(order, disk).advance()  # and then it was killed
    disk.spoil("tile/0/004.p/76", None)
    before = {name: disk.read(name) for name in disk.names()}
    order.committed[600] = make_leaves(1, history="other")[0]
    with writer_of(order, disk) as writer, pytest.raises(LogForked, match="another root"):
        await writer.advance()

    assert {name: disk.read(name) for name in disk.names()} == before


async def test_unfull_tiles_at_the_mark_cost_no_reading_of_the_whole_ledger() -> None:
    disk, order = await grown_log(), CountingOrder(LEAVES)
    for name in ("tile/0/004.p/76", "tile/1/000.p/4", "tile/entries/004.p/76"):
        disk.spoil(name, None)
    await start(order, disk)

    assert check_log(disk, at_least=1100) == 1100
    assert order.read <= 2


async def test_a_lost_folder_is_made_again_without_a_smaller_checkpoint_in_between() -> None:
    signed: list[str] = []

    class Watched(Ed25519Signer):
        def sign(self, text: bytes) -> bytes:
            signed.append(text.decode().split("\n")[1])
            return super().sign(text)

    disk, order = FragileDisk(), MemoryOrder(LEAVES)
    signer = Watched(SIGNER.name, bytes(32))
    with LogWriter(
        order=order, heads=order.heads, disk=disk, signer=signer, clock=StoppedClock()
    ) as writer:
        await writer.advance()

    assert signed == ["1100"]


async def test_the_log_of_an_empty_ledger_has_a_checkpoint_too() -> None:
    disk = FragileDisk()
    with writer_of(MemoryOrder(), disk) as writer:
        assert await writer.advance() == 0
    with writer_of(MemoryOrder(), disk) as writer:
        assert await writer.advance() == 0

    assert check_log(disk, at_least=0) == 0
    assert disk.names() == [CHECKPOINT_NAME, MARK_NAME]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"hello", compose_note("log\n", [make_signer("else.example")]).encode()],
)
async def test_a_checkpoint_that_is_not_ours_stops_everything(content: bytes) -> None:
    disk = await grown_log()
    disk.spoil(CHECKPOINT_NAME, content)
    with writer_of(MemoryOrder(LEAVES), disk) as writer, pytest.raises(CheckpointUnreadable):
        await writer.advance()

    assert disk.read(CHECKPOINT_NAME) == content


async def test_a_log_does_not_go_on_under_another_key() -> None:
    disk = await grown_log()
    other = Ed25519Signer(SIGNER.name, bytes(32))
    writer = LogWriter(
        order=MemoryOrder(LEAVES), heads=new_heads(), disk=disk, signer=other, clock=StoppedClock()
    )
    with writer, pytest.raises(LogBroken):
        await writer.advance()


async def test_after_an_outage_the_ledger_is_not_simply_believed_again() -> None:
    order, disk = MemoryOrder(LEAVES[:300]), FragileDisk()
    with writer_of(order, disk) as writer:
        await writer.advance()
        order.is_down = True
        with pytest.raises(Outage):
            await writer.advance()
        order.is_down, order.committed = False, make_leaves(300, history="other")
        with pytest.raises(LogForked):
            await writer.advance()


async def test_an_order_that_breaks_its_promise_is_not_waited_for() -> None:
    class Forgetful(MemoryOrder):
        async def sequence(self) -> int:
            return await super().sequence() + 1

    with writer_of(Forgetful(LEAVES[:5]), FragileDisk()) as writer, pytest.raises(LogRewound):
        await writer.advance()


def test_the_oracle_and_the_edge_agree_on_these_sizes() -> None:
    for size, root in ROOTS.items():
        assert grow(Edge(), LEAVES[:size])[0].frontier.root() == root
