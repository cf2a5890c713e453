"""What is current, and what may be next: there is always either a way back or a reason why not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.continuity.release.current import (
    Current,
    Program,
    ReleaseRefused,
    finished,
    finishing,
    is_due,
    keep_current,
    opened,
    put_off,
    read_current,
    rolled_back,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OLD, NEW = Program("/opt/1/bin/python", "1"), Program("/opt/2/bin/python", "2")

programs = st.builds(lambda n: Program(f"/opt/{n}/bin/python", str(n)), st.integers(1, 4))
acts = st.lists(
    st.one_of(
        st.tuples(st.just("apply"), programs),
        st.sampled_from([("rollback", OLD), ("finish", OLD), ("migrated", OLD)]),
    ),
    max_size=12,
)


@given(acts)
def test_whatever_is_asked_in_whatever_order_only_what_is_safe_is_done(
    asked: list[tuple[str, Program]],
) -> None:
    now, migrated_for = Current(program=OLD), {OLD.python}
    for act, program in asked:
        before = now
        try:
            if act == "apply":
                now = opened(now, program, at=NOW)
                migrated_for = {before.program.python, program.python}
            elif act == "rollback":
                now = rolled_back(now, at=NOW)
                assert now.program == before.before
            elif act == "finish":
                now = finishing(now, at=NOW)
                migrated_for = {now.program.python}  # from here on, tables change
            elif now.is_finishing:
                now = finished(now, at=NOW)
        except ReleaseRefused:
            assert now == before
        assert now.program.python in migrated_for, "a program runs on tables it does not know"
        assert (now.before is not None) == (now.state == "open")


def test_the_way_there_and_back() -> None:
    there = opened(Current(program=OLD), NEW, at=NOW)
    assert (there.state, there.program, there.before) == ("open", NEW, OLD)
    with pytest.raises(ReleaseRefused, match="not finished"):
        opened(there, Program("/opt/3/bin/python", "3"), at=NOW)

    assert rolled_back(there, at=NOW).program == OLD
    done = finished(finishing(there, at=NOW), at=NOW)
    assert (done.state, done.program) == ("settled", NEW)


def test_once_finishing_began_it_may_be_finished_again_and_not_taken_back() -> None:
    begun = finishing(opened(Current(program=OLD), NEW, at=NOW), at=NOW)

    assert finishing(begun, at=NOW) == begun
    with pytest.raises(ReleaseRefused, match="nothing to go back to"):
        rolled_back(begun, at=NOW)
    with pytest.raises(ReleaseRefused, match="not finished"):
        opened(begun, OLD, at=NOW)


def test_a_stated_time_is_waited_for_and_begins_anew_after_a_fault() -> None:
    at, later = NOW + timedelta(hours=2), NOW + timedelta(hours=1)
    there = opened(Current(program=OLD), NEW, at=NOW, quiet=timedelta(hours=2))

    assert not is_due(there, at - timedelta(seconds=1))
    assert is_due(there, at)
    assert not is_due(Current(program=OLD), at)
    assert not is_due(rolled_back(there, at=NOW), at)
    assert not is_due(put_off(there, at=later), at)
    assert is_due(put_off(there, at=later), later + timedelta(hours=2))
    assert put_off(Current(program=OLD), at=later) == Current(program=OLD)


def test_the_file_is_whole_or_a_person_is_told(tmp_path: Path) -> None:
    path = tmp_path / "release.json"
    assert read_current(path) is None
    keep_current(path, opened(Current(program=OLD), NEW, at=NOW))
    assert read_current(path) == opened(Current(program=OLD), NEW, at=NOW)
    assert path.stat().st_mode & 0o077 == 0

    path.write_text('{"program":')
    with pytest.raises(ReleaseRefused, match="cannot be read"):
        read_current(path)
