"""The shared settings: only what differs is said to Patroni, and then nothing differs."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.continuity.cluster.patroni import render_patroni
from kaipiao.continuity.cluster.shared import Difference, change_of, differences, read_wanted

leaves = st.one_of(st.integers(0, 3), st.booleans(), st.sampled_from(["on", "5s"]))
names = st.sampled_from(["ttl", "a", "b", "wal_level"])
tables = st.recursive(leaves, lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=8)
settings = st.dictionaries(names, tables, max_size=4)


def patched(config: Any, change: Any) -> Any:
    """As Patroni does it: tables are merged, None takes away, all else is put."""
    if not isinstance(change, dict):
        return change
    merged = dict(config) if isinstance(config, dict) else {}
    for name, value in change.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = patched(merged.get(name), value)
    return merged


def leaf_names(table: Any, before: str = "") -> set[str]:
    if not isinstance(table, dict):
        return {before}
    return {name for key, one in table.items() for name in leaf_names(one, f"{before}.{key}")}


@given(settings, settings)
def test_what_is_pushed_ends_every_difference_and_touches_nothing_else(
    wanted: dict[str, Any], running: dict[str, Any]
) -> None:
    change = change_of(differences(wanted, running))
    after = patched(running, change)

    assert differences(wanted, after) == []
    assert leaf_names(change) - {""} <= leaf_names(wanted)
    assert change_of(differences(wanted, wanted)) == {}


WANTED = {
    "ttl": 5,
    "failsafe_mode": True,
    "postgresql": {"parameters": {"wal_level": "replica", "wal_keep_size": "256MB"}},
}


def test_a_pause_a_note_and_what_an_operator_added_are_no_differences() -> None:
    running = WANTED | {"pause": True, "slots": {"x": {}}, "kaipiao_switchover": {}}

    assert differences(WANTED, running) == []


def test_what_was_changed_by_hand_is_told_by_its_whole_name() -> None:
    running = {"ttl": 5, "postgresql": {"parameters": {"wal_level": "logical"}}}

    assert differences(WANTED, running) == [
        Difference("failsafe_mode", True, None),
        Difference("postgresql.parameters.wal_keep_size", "256MB", None),
        Difference("postgresql.parameters.wal_level", "replica", "logical"),
    ]


def test_what_fits_another_disk_is_no_difference() -> None:
    running = WANTED | {"postgresql": {"parameters": {"wal_level": "replica", "wal_keep_size": 1}}}

    assert differences(WANTED, running) == []


def test_what_is_wanted_is_read_from_what_the_node_wrote(tmp_path: Path) -> None:
    file = tmp_path / "patroni.yml"
    file.write_bytes(render_patroni({"bootstrap": {"dcs": WANTED}, "name": "n1"}))

    assert read_wanted(file) == WANTED
