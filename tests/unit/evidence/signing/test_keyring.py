"""A log's names and keys change; its tree goes on, and what was signed before stays signed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, parse_checkpoint
from kaipiao.evidence.keys import VKEY_NAME, create_key
from kaipiao.evidence.merkle import tree_root
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.recovery import CheckpointUnreadable
from kaipiao.evidence.signing.change import announcement_leaf, compose_change
from kaipiao.evidence.signing.identity import former_checkpoint_name
from kaipiao.evidence.signing.keyring import OVERLAP_DAYS, Keyring, open_keyring
from kaipiao.evidence.writer import LogWriter
from kaipiao.twin.disk import FragileDisk, PowerCut
from tests.unit.evidence.fakes import MemoryOrder, make_leaves

LOG, NEXT = "kaipiao.example/31-1", "kaipiao.example/31-1/2027q1"
ED, ALL = ("ed25519",), ("ed25519", "ml-dsa-44", "sm2")
NOW = datetime(2027, 1, 4, 1, 0, tzinfo=UTC)
OVERLAP = timedelta(days=OVERLAP_DAYS)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


def turned(secrets: Path) -> Keyring:
    keyring = open_keyring(secrets, LOG, ED, now=NOW - timedelta(days=90))
    keyring.prepare(NEXT)
    keyring.turn(NEXT, "aa" * 32, NOW)
    return open_keyring(secrets, LOG, ED, now=NOW)


def writer_of(keyring: Keyring, disk: FragileDisk, order: MemoryOrder, clock: Clock) -> LogWriter:
    signer, *more = keyring.signers()
    return LogWriter(
        order=order,
        heads=order.heads,
        disk=disk,
        signer=signer,
        more_signers=more,
        former=keyring.former(clock.now()),
        log=keyring.log,
        clock=clock,
    )


def told(disk: FragileDisk, name: str, key: VerifierKey) -> Checkpoint:
    note = parse_note(disk.read(name).decode())
    assert key.standing(note) is Standing.SIGNED
    return parse_checkpoint(note.text)


def test_a_cell_that_had_one_key_keeps_it_and_gets_the_others(tmp_path: Path) -> None:
    before = create_key(tmp_path, LOG)
    keyring = open_keyring(tmp_path, LOG, ALL, now=NOW)

    assert keyring.newest.vkeys[0] == str(before.verifier)
    assert len(keyring.newest.vkeys) == 3
    assert keyring.former(NOW) == ()
    assert open_keyring(tmp_path, LOG, ALL, now=NOW + OVERLAP).periods == keyring.periods


def test_an_algorithm_that_is_no_longer_wanted_is_still_known(tmp_path: Path) -> None:
    every = open_keyring(tmp_path, LOG, ALL, now=NOW)
    fewer = open_keyring(tmp_path, LOG, ED, now=NOW)

    assert len(fewer.signers()) == 1
    assert set(fewer.newest.vkeys) == set(every.newest.vkeys)


def test_keys_of_another_log_are_refused(tmp_path: Path) -> None:
    open_keyring(tmp_path, LOG, ED, now=NOW)

    with pytest.raises(ValueError, match=LOG):
        open_keyring(tmp_path, "another.example", ED, now=NOW)


def test_after_a_turn_the_newest_signs_and_the_former_does_until_the_overlap_ends(
    tmp_path: Path,
) -> None:
    keyring = turned(tmp_path)
    (former,) = keyring.former(NOW)

    assert keyring.newest.origin == NEXT
    assert keyring.log == LOG
    assert (tmp_path / VKEY_NAME).read_text().strip() == keyring.newest.vkeys[0]
    assert former.origin == LOG
    assert former.signs_at(NOW + OVERLAP - timedelta(seconds=1))
    assert not former.signs_at(NOW + OVERLAP)
    (gone,) = keyring.former(NOW + OVERLAP)
    assert gone.signers == ()
    assert gone.key == former.key


def test_a_try_that_broke_off_is_taken_up_with_the_same_keys(tmp_path: Path) -> None:
    keyring = open_keyring(tmp_path, LOG, ALL, now=NOW)
    first = keyring.prepare(NEXT)

    again = open_keyring(tmp_path, LOG, ALL, now=NOW)
    assert again.newest.origin == LOG
    assert [one.verifier for one in again.prepare(NEXT)] == [one.verifier for one in first]
    with pytest.raises(ValueError, match=NEXT):
        again.prepare("kaipiao.example/31-1/2027q2")


def test_an_origin_is_never_used_twice(tmp_path: Path) -> None:
    keyring = turned(tmp_path)

    for used in (LOG, NEXT):
        with pytest.raises(ValueError, match="before"):
            keyring.prepare(used)


def test_the_statement_of_a_change_names_all_keys_and_is_signed_by_both(tmp_path: Path) -> None:
    keyring = open_keyring(tmp_path, LOG, ALL, now=NOW)
    old, new = keyring.signers(), keyring.prepare(NEXT)
    text = compose_change(log=LOG, old=old, new=new, after=12, at=NOW)
    note = parse_note(text)

    for signer in (*old, *new):
        assert str(signer.verifier) in note.text
        signs_texts = signer.verifier.algorithm != "ML-DSA-44"
        expected = Standing.SIGNED if signs_texts else Standing.UNSIGNED
        assert signer.verifier.standing(note) is expected
    assert "after 12\n" in note.text
    assert len(announcement_leaf(text)) == 32
    assert announcement_leaf(text) != announcement_leaf(text + "\n")


async def test_both_origins_are_signed_over_one_tree_until_the_overlap_ends(
    tmp_path: Path,
) -> None:
    clock, disk, order = Clock(), FragileDisk(), MemoryOrder(make_leaves(10))
    first = open_keyring(tmp_path, LOG, ED, now=NOW - timedelta(days=90))
    with writer_of(first, disk, order, clock) as log:
        await log.advance()
    keyring = turned(tmp_path)
    old, former = first.newest.key, former_checkpoint_name(first.newest.key)
    order.committed = make_leaves(20)
    with writer_of(keyring, disk, order, clock) as log:
        await log.advance()
        assert told(disk, former, old).origin == LOG
        assert told(disk, CHECKPOINT_NAME, keyring.newest.key).origin == NEXT
        assert told(disk, former, old).root == tree_root(make_leaves(20))
        assert told(disk, CHECKPOINT_NAME, keyring.newest.key).root == tree_root(make_leaves(20))

        clock.at += OVERLAP
        order.committed = make_leaves(30)
        await log.advance()
        assert told(disk, former, old).size == 20, "the last word of the former origin"
        assert told(disk, CHECKPOINT_NAME, keyring.newest.key).size == 30


async def test_a_cell_that_slept_through_the_overlap_goes_on_under_its_new_name(
    tmp_path: Path,
) -> None:
    clock, disk, order = Clock(), FragileDisk(), MemoryOrder(make_leaves(10))
    with writer_of(open_keyring(tmp_path, LOG, ED, now=NOW), disk, order, clock) as log:
        await log.advance()
    keyring = turned(tmp_path)
    clock.at += 2 * OVERLAP
    with writer_of(keyring, disk, order, clock) as log:
        await log.advance()

    assert told(disk, CHECKPOINT_NAME, keyring.newest.key) == Checkpoint(
        NEXT, 10, tree_root(make_leaves(10))
    )


async def test_a_checkpoint_of_a_key_that_never_was_ours_stops_the_log(tmp_path: Path) -> None:
    clock, disk, order = Clock(), FragileDisk(), MemoryOrder(make_leaves(10))
    with writer_of(open_keyring(tmp_path / "a", LOG, ED, now=NOW), disk, order, clock) as log:
        await log.advance()
    stranger = turned(tmp_path / "b")
    with writer_of(stranger, disk, order, clock) as log, pytest.raises(CheckpointUnreadable):
        await log.advance()


async def test_whenever_the_power_fails_in_an_overlap_both_origins_agree_afterwards(
    tmp_path: Path,
) -> None:
    first, keyring = open_keyring(tmp_path, LOG, ED, now=NOW - timedelta(days=90)), None
    old, former = first.newest.key, former_checkpoint_name(first.newest.key)
    keyring = turned(tmp_path)

    async def grow(disk: FragileDisk, order: MemoryOrder, until: int) -> None:
        with writer_of(keyring, disk, order, Clock()) as log:
            for size in range(5, until, 5):
                order.committed = make_leaves(size)
                await log.advance()

    acts = await _acts(lambda disk, order: grow(disk, order, 20))
    for fuse in range(1, acts):
        disk, order = FragileDisk(fuse=fuse), MemoryOrder()
        with pytest.raises(PowerCut):
            await grow(disk, order, 20)
        disk = disk.after_power_cut()
        with writer_of(keyring, disk, order, Clock()) as log:
            await log.advance()
        newest = told(disk, CHECKPOINT_NAME, keyring.newest.key)
        assert told(disk, former, old).root == newest.root == tree_root(order.committed)


async def _acts(run: Callable[[FragileDisk, MemoryOrder], object]) -> int:
    disk = FragileDisk()
    await run(disk, MemoryOrder())  # type: ignore[misc]
    return disk.acts
