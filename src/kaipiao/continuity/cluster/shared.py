"""The settings that the store holds for all members: what is wanted, what runs, and the difference.

Patroni takes them from ``patroni.yml`` once, when the cluster is made; a newer program that wants
others writes them there at its start, and nobody reads them (``kaipiao cluster settings --push``
does).  What runs and is not ours (a pause, a note, slots, what an operator added) is left alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

FITTED = frozenset({"postgresql.parameters.wal_keep_size"})
"""Made to fit the disk of whoever wrote it: another size is no difference."""


class Difference(NamedTuple):
    """``name`` is dotted (``postgresql.parameters.hot_standby``); ``runs`` is None if absent."""

    name: str
    wanted: object
    runs: object


def read_wanted(patroni_file: Path) -> dict[str, Any]:
    """What ``node up`` wanted when it last started here.  Raises OSError."""
    text = patroni_file.read_text(encoding="utf-8")
    whole = json.loads("\n".join(line for line in text.splitlines() if not line.startswith("#")))
    return dict(whole["bootstrap"]["dcs"])


def differences(wanted: Mapping[str, Any], running: Mapping[str, Any]) -> list[Difference]:
    """What is wanted and does not run, by name."""
    runs = dict(_leaves(running))
    return [
        Difference(name, value, runs.get(name))
        for name, value in sorted(_leaves(wanted))
        if name not in runs or (runs[name] != value and name not in FITTED)
    ]


def change_of(found: Iterable[Difference]) -> dict[str, Any]:
    """What to say to Patroni, so that ``found`` is nothing any more: only what differs."""
    change: dict[str, Any] = {}
    for one in found:
        *path, last = one.name.split(".")
        at = change
        for part in path:
            at = at.setdefault(part, {})
        at[last] = one.wanted
    return change


def _leaves(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
