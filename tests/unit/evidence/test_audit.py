"""Whoever reads the whole log finds any byte that is not as it was signed, and names its file."""

from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.evidence.audit import FAULTS_MAX, Audited, audit, audit_log
from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.fault import FaultCode
from kaipiao.evidence.note import compose_note
from tests.unit.evidence.fakes import ORIGIN, make_leaves, make_signer
from tests.unit.evidence.rfc6962 import slow_root

SIGNER = make_signer()
LEAVES = make_leaves(600)
CHECKPOINT = Checkpoint(ORIGIN, 600, slow_root(LEAVES))
Files = dict[str, bytes]


@cache
def _tiles_of(leaves: tuple[bytes, ...], sizes: tuple[int, ...]) -> Files:
    edge, files = Edge(), {}
    for size in sizes:
        edge, new = grow(edge, leaves[edge.size : size])
        files |= {tile.name: content for tile, content in new.items()}
    return files


def written(leaves: Sequence[bytes] = LEAVES, sizes: tuple[int, ...] = (100, 600)) -> Files:
    return dict(_tiles_of(tuple(leaves), sizes))


def reading(files: Files) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    return read


def signed(checkpoint: Checkpoint) -> bytes:
    return compose_note(compose_checkpoint(checkpoint), [SIGNER]).encode()


def audited(files: Files, checkpoint: Checkpoint = CHECKPOINT, **more: object) -> Audited:
    return audit_log(reading(files), signed(checkpoint), SIGNER.verifier, **more)  # type: ignore[arg-type]


def flipped(content: bytes, at: int = -1) -> bytes:
    changed = bytearray(content)
    changed[at] ^= 1
    return bytes(changed)


def told(files: Files, **more: object) -> list[tuple[FaultCode, str]]:
    return [(fault.code, fault.file) for fault in audited(files, **more).faults]  # type: ignore[arg-type]


NEEDED = sorted(name for name in written() if not name.endswith(".p/100"))


def test_a_whole_log_has_no_faults() -> None:
    found = audited(written())

    assert found.is_clean
    assert (found.size, found.entries_checked, found.log) == (600, 600, ORIGIN)
    empty = Checkpoint(ORIGIN, 0, slow_root([]))
    assert audited({}, empty).is_clean
    assert audit(reading({}), empty) == []


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537])
def test_trees_of_every_shape_are_walked_to_the_last_entry(size: int) -> None:
    leaves = make_leaves(size)
    edge, files = grow(Edge(), leaves)
    checkpoint = Checkpoint(ORIGIN, size, edge.frontier.root())
    found = audited({t.name: c for t, c in files.items()}, checkpoint)

    assert (found.faults, found.entries_checked) == ((), size)


@pytest.mark.parametrize("name", NEEDED)
def test_one_bit_flipped_anywhere_is_found_and_the_file_alone_is_named(name: str) -> None:
    files = written()
    files[name] = flipped(files[name])

    assert told(files) == [(FaultCode.DAMAGED, name)]


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_file_alone_is_named(name: str) -> None:
    files = written()
    del files[name]

    assert told(files) == [(FaultCode.MISSING, name)]


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b[-34:], lambda b: b""])
@pytest.mark.parametrize("name", NEEDED)
def test_a_file_too_short_or_too_long_is_named(name: str, change: Callable[[bytes], bytes]) -> None:
    files = written()
    files[name] = change(files[name])

    assert told(files) == [(FaultCode.DAMAGED, name)]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_one_changed_byte_is_found(data: st.DataObject) -> None:
    size = data.draw(st.integers(min_value=1, max_value=600))
    files = written(LEAVES[:size], (size,))
    name = data.draw(st.sampled_from(sorted(files)))
    files[name] = flipped(files[name], data.draw(st.integers(0, len(files[name]) - 1)))
    checkpoint = Checkpoint(ORIGIN, size, slow_root(LEAVES[:size]))

    assert [fault.file for fault in audit(reading(files), checkpoint)] == [name]


def test_an_inner_tile_is_made_again_from_below_and_the_rest_is_checked() -> None:
    """A tile of level 1, full, in a log of two levels: its 65,536 entries are still proved."""
    size = 65_600
    edge, tiles = grow(Edge(), make_leaves(size))
    files = {tile.name: content for tile, content in tiles.items()}
    checkpoint = Checkpoint(ORIGIN, size, edge.frontier.root())
    files["tile/1/000"] = flipped(files["tile/1/000"], 32 * 100)

    found = audited(files, checkpoint)
    assert [(f.code, f.file) for f in found.faults] == [(FaultCode.DAMAGED, "tile/1/000")]
    assert found.entries_checked == size

    files["tile/0/007"] = flipped(files["tile/0/007"], 5)
    found = audited(files, checkpoint)
    assert [(f.code, f.file) for f in found.faults] == [
        (FaultCode.DAMAGED, "tile/1/000"),
        (FaultCode.UNPROVEN, "tile/1/000"),
    ]
    assert found.entries_checked == 64


def test_a_log_rewritten_with_all_its_tiles_has_another_root() -> None:
    found = audited(written(make_leaves(600, history="other")))

    assert [fault.code for fault in found.faults] == [FaultCode.OTHER_ROOT]
    assert found.entries_checked == 0


def test_a_checkpoint_with_any_byte_changed_is_refused() -> None:
    note = signed(CHECKPOINT)
    for at in range(len(note)):
        found = audit_log(reading(written()), flipped(note, at), SIGNER.verifier)

        assert not found.is_clean, f"byte {at}"
        assert found.faults[0].file == "checkpoint"


def test_a_checkpoint_by_another_key_or_of_another_log_is_refused() -> None:
    stranger = make_signer("stranger.example")
    found = audit_log(reading(written()), signed(CHECKPOINT), stranger.verifier)

    assert [f.code for f in found.faults] == [FaultCode.OTHER_LOG, FaultCode.UNSIGNED]
    assert found.entries_checked == 600


def before(size: int, history: str = "first") -> Checkpoint:
    return Checkpoint(ORIGIN, size, slow_root(make_leaves(size, history=history)))


@pytest.mark.parametrize("size", [0, 1, 100, 256, 599, 600])
def test_a_log_that_grew_from_the_checkpoint_held_is_clean(size: int) -> None:
    assert audited(written(), since=before(size)).is_clean


@pytest.mark.parametrize("size", [601, 10_000])
def test_a_log_rolled_back_is_caught_by_whoever_holds_more(size: int) -> None:
    held = Checkpoint(ORIGIN, size, bytes(32))

    assert told(written(), since=held) == [(FaultCode.ROLLED_BACK, "checkpoint")]


@pytest.mark.parametrize("size", [1, 256, 599, 600])
def test_a_log_with_another_past_is_caught(size: int) -> None:
    held = before(size, "other")

    assert told(written(), since=held) == [(FaultCode.REWRITTEN, "checkpoint")]


def test_what_cannot_be_proved_for_damage_is_not_called_rewritten() -> None:
    files = written()
    files["tile/0/000"] = flipped(files["tile/0/000"])

    assert told(files, since=before(100)) == [
        (FaultCode.DAMAGED, "tile/0/000"),
        (FaultCode.GROWTH_UNPROVEN, "checkpoint"),
    ]


def test_partial_tiles_of_sizes_gone_by_are_held_against_what_they_became() -> None:
    files = written()
    old = [name for name in files if name.endswith(".p/100")]
    assert len(old) == 2
    assert audited(files, extra=[*old, "tile/0/notes.txt", "tile/0/000.p/7"]).is_clean
    for name in old:
        assert told(files | {name: flipped(files[name])}, extra=old) == [(FaultCode.DAMAGED, name)]


def test_a_lost_disk_is_told_in_a_thousand_lines_at_most() -> None:
    size = 256 * 1200
    leaf = make_leaves(1)[0]
    edge, tiles = grow(Edge(), [leaf] * size)
    files = {t.name: c for t, c in tiles.items() if t.kind != "entries"}
    found = audited(files, Checkpoint(ORIGIN, size, edge.frontier.root()))

    assert len(found.faults) == FAULTS_MAX + 1
    assert found.faults[-1].code is FaultCode.TOO_MANY
