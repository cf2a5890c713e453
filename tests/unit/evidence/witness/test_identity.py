"""A witness is a key and a memory; it does not start with half of itself."""

from pathlib import Path

import pytest

from kaipiao.evidence.cosignature import Cosigner
from kaipiao.evidence.witness.identity import (
    KEY_NAME,
    MemoryLost,
    NoWitness,
    create_witness,
    load_cosigner,
    open_witness,
    retire_witness,
)
from kaipiao.evidence.witness.memory import MEMORY_NAME, Held, create_memory
from tests.unit.evidence.grown_log import GrownLog

NAME = "witness.example/w1"
LOG = GrownLog()
HELD = Held(5, LOG.checkpoint(5).root, LOG.note(5), 1_800_000_000)


def lose_the_memory(folder: Path) -> None:
    for path in folder.glob(f"{MEMORY_NAME}*"):
        path.unlink()


def test_a_new_witness_is_found_again(tmp_path: Path) -> None:
    made = create_witness(tmp_path, NAME)
    found, memory = open_witness(tmp_path)

    assert found.key == made.key
    assert memory.all_held() == {}
    assert (tmp_path / KEY_NAME).stat().st_mode & 0o077 == 0
    assert (tmp_path / "witness.vkey").read_text() == f"{made.key}\n"


def test_an_empty_folder_holds_no_witness(tmp_path: Path) -> None:
    with pytest.raises(NoWitness):
        open_witness(tmp_path)


def test_a_second_witness_in_one_folder_is_refused(tmp_path: Path) -> None:
    create_witness(tmp_path, NAME)

    with pytest.raises(FileExistsError):
        create_witness(tmp_path, NAME)


def test_a_key_without_its_memory_does_not_start(tmp_path: Path) -> None:
    create_witness(tmp_path, NAME)
    lose_the_memory(tmp_path)

    with pytest.raises(MemoryLost):
        open_witness(tmp_path)


def test_a_key_with_another_ones_memory_does_not_start(tmp_path: Path) -> None:
    create_witness(tmp_path, NAME)
    lose_the_memory(tmp_path)
    create_witness(tmp_path / "other", NAME)
    (tmp_path / "other" / MEMORY_NAME).rename(tmp_path / MEMORY_NAME)

    with pytest.raises(MemoryLost):
        open_witness(tmp_path)


def test_whoever_knows_that_a_key_was_never_used_may_say_so(tmp_path: Path) -> None:
    create_witness(tmp_path, NAME)
    lose_the_memory(tmp_path)

    _, memory = open_witness(tmp_path, has_never_cosigned=True)
    assert memory.all_held() == {}


def test_saying_so_does_not_empty_a_memory_that_is_there(tmp_path: Path) -> None:
    create_witness(tmp_path, NAME)
    _, memory = open_witness(tmp_path)
    assert memory.advance(LOG.vkey.name, None, HELD)
    memory.close()

    _, memory = open_witness(tmp_path, has_never_cosigned=True)
    assert memory.held(LOG.vkey.name) == HELD


def test_a_retired_witness_makes_room_for_one_with_another_key(tmp_path: Path) -> None:
    old = create_witness(tmp_path, NAME)
    aside = retire_witness(tmp_path)

    new = create_witness(tmp_path, "witness.example/w2")
    assert new.key.public != old.key.public
    assert load_cosigner(aside).key == old.key
    assert (aside / MEMORY_NAME).exists()


def test_a_start_that_was_cut_off_before_its_key_is_made_again(tmp_path: Path) -> None:
    create_witness(tmp_path, NAME)
    (tmp_path / KEY_NAME).unlink()

    create_witness(tmp_path, NAME)
    open_witness(tmp_path)


def test_a_memory_that_remembers_something_is_never_overwritten(tmp_path: Path) -> None:
    create_witness(tmp_path, NAME)
    _, memory = open_witness(tmp_path)
    memory.advance(LOG.vkey.name, None, HELD)
    memory.close()
    (tmp_path / KEY_NAME).unlink()

    with pytest.raises(FileExistsError):
        create_witness(tmp_path, NAME)
    with pytest.raises(FileExistsError):
        create_memory(tmp_path / MEMORY_NAME, Cosigner(NAME, bytes(32)).key)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "with\nline"])
def test_a_name_that_no_note_can_carry_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError):
        create_witness(tmp_path, name)
    assert not (tmp_path / KEY_NAME).exists()


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    create_witness(tmp_path, NAME)
    (tmp_path / KEY_NAME).chmod(0o644)

    with pytest.raises(ValueError, match="chmod 600"):
        open_witness(tmp_path)


def test_only_what_is_held_can_be_moved_on(tmp_path: Path) -> None:
    create_witness(tmp_path, NAME)
    _, memory = open_witness(tmp_path)
    grown = Held(9, LOG.checkpoint(9).root, LOG.note(9), HELD.cosigned_at)

    assert memory.advance(LOG.vkey.name, None, HELD)
    assert not memory.advance(LOG.vkey.name, None, grown)  # there is something
    assert not memory.advance(LOG.vkey.name, grown, grown)  # something else
    assert not memory.advance(LOG.vkey.name, HELD, grown._replace(cosigned_at=1))  # in the past
    assert memory.advance(LOG.vkey.name, HELD, grown)
    assert memory.held(LOG.vkey.name) == grown
