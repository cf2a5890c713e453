"""Whoever reads the whole log finds any byte that is not as it was signed."""

import pytest

from kaipiao.evidence.audit import audit
from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.reader import TileReader
from tests.unit.evidence.fakes import make_leaves
from tests.unit.evidence.rfc6962 import slow_root

LEAVES = make_leaves(600)
CHECKPOINT = Checkpoint("log.example", 600, slow_root(LEAVES))


def written() -> dict[str, bytes]:
    edge, files = grow(Edge(), LEAVES[:100])
    _, more = grow(edge, LEAVES[100:])
    return {tile.name: content for tile, content in {**files, **more}.items()}


def reader_of(files: dict[str, bytes]) -> TileReader:
    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    return TileReader(read)


NEEDED = sorted(name for name in written() if not name.endswith(".p/100"))


def test_a_whole_log_has_no_faults() -> None:
    assert audit(reader_of(written()), CHECKPOINT) == []
    assert audit(reader_of({}), Checkpoint("log.example", 0, slow_root([]))) == []


@pytest.mark.parametrize("name", NEEDED)
def test_one_bit_flipped_anywhere_is_found(name: str) -> None:
    files = written()
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])

    assert any(
        name.removeprefix("tile/entries/") in fault or "root" in fault
        for fault in audit(reader_of(files), CHECKPOINT)
    )


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_file_is_named(name: str) -> None:
    files = written()
    del files[name]

    assert any(name in fault for fault in audit(reader_of(files), CHECKPOINT))


def test_a_log_rewritten_with_all_its_tiles_has_another_root() -> None:
    _, files = grow(Edge(), make_leaves(600, history="other"))
    faults = audit(reader_of({t.name: c for t, c in files.items()}), CHECKPOINT)

    assert faults == ["the entries have another root than the checkpoint of 600"]
