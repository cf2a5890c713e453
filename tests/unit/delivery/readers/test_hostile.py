"""What is made to hurt us is refused within a second of the processor and 100 MB in all.

Each file is read in one fresh process, which measures itself: processor time, because other
tests run beside this one, and the highest resident memory of the whole interpreter.
"""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.bounds import bounded
from tests.hostile_files import HARMLESS, HOSTILE
from tests.journeys.cells import kaipiao

ROOT = Path(__file__).parents[4]
FILES = HOSTILE | HARMLESS
NAMES = list(FILES)
CPU_S, PEAK_MB = 1.0, 100.0
WALLED = frozenset({"14 MiB after a PDF's head"})
"""What only the walls stop.  Anything else that reaches them has lost a limit of its own."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measures by way of /proc")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What reading each file came to, by the name of the file."""
    folder = tmp_path_factory.mktemp("hostile")
    for place, make in enumerate(FILES.values()):
        (folder / f"{place:03}").write_bytes(make())
    done = subprocess.run(
        [sys.executable, ROOT / "tests/measure_reading.py", folder],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = map(json.loads, done.stdout.splitlines())
    return {NAMES[int(line["file"])]: line for line in lines}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_it_is_refused_with_its_reason(measured: dict[str, dict[str, Any]], name: str) -> None:
    told = measured[name]

    assert told["outcome"] == "refused"
    assert told["said"]
    assert told["zh"]
    assert ("was stopped" in told["said"]) is (name in WALLED)


@pytest.mark.parametrize("name", list(HARMLESS))
def test_it_is_read_and_does_no_harm(measured: dict[str, dict[str, Any]], name: str) -> None:
    assert measured[name]["outcome"] in ("read", "false")


@pytest.mark.parametrize("name", NAMES)
def test_it_costs_a_second_and_a_hundred_megabytes_at_most(
    measured: dict[str, dict[str, Any]], name: str
) -> None:
    told = measured[name]

    assert told["cpu_s"] <= CPU_S
    assert told["peak_mb"] <= PEAK_MB


def test_the_walls_stand_where_nobody_thought_of_a_limit() -> None:
    with pytest.raises(Unreadable, match="more time"), bounded(cpu_s=0.05):
        sum(1 for _ in itertools.count())
    with pytest.raises(Unreadable, match="more memory"), bounded(memory_bytes=20 * 2**20):
        bytearray(200 * 2**20)
    assert len(bytearray(200 * 2**20)) > 0  # and fall with the room


def test_nobody_inside_passes_over_the_end_of_the_time() -> None:
    """A reader that goes on after a broken part must not go on after this one."""

    def decorate() -> None:
        try:
            sum(1 for _ in itertools.count())
        except (Unreadable, Exception):
            return

    with pytest.raises(Unreadable, match="more time"), bounded(cpu_s=0.05):
        decorate()


@pytest.mark.parametrize("name", ["a zip bomb", "a PDF stream that unpacks to 80 MiB"])
def test_the_command_line_says_why_and_exits_2(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").write_bytes(HOSTILE[name]())

    done = kaipiao("read", tmp_path / "x", "--json")

    assert (done.returncode, done.stdout) == (2, "")
    assert "than we read" in done.stderr
    assert "Traceback" not in done.stderr
