"""The longest documents that this house makes are read within the bounds that stop hostile ones."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from kaipiao.delivery.renditions.make import Press
from kaipiao.regimes.cn.limits import LINES_MAX
from tests.strategies import lawful_draft
from tests.unit.delivery.renditions.invoices import source_of

ROOT = Path(__file__).parents[4]
CPU_S, PEAK_MB = 1.0, 100.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measures by way of /proc")


def test_two_thousand_lines_are_read_from_every_kind(tmp_path: Path) -> None:
    (line, *_) = lawful_draft().lines
    source = source_of(msgspec.structs.replace(lawful_draft(), lines=(line,) * LINES_MAX))
    for kind in ("xml", "xbrl", "ofd", "pdf"):
        (tmp_path / kind).write_bytes(Press().render(source, kind))

    done = subprocess.run(
        [sys.executable, ROOT / "tests/measure_reading.py", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["file"]: one["outcome"] for one in told} == dict.fromkeys(
        ("ofd", "pdf", "xbrl", "xml"), "read"
    )
    assert max(one["cpu_s"] for one in told) <= CPU_S
    assert max(one["peak_mb"] for one in told) <= PEAK_MB


def test_two_thousand_lines_of_every_text_at_its_limit_are_read(tmp_path: Path) -> None:
    (line, *_) = lawful_draft().lines
    wide = msgspec.structs.replace(
        line, name="*文具*" + "文" * 700, spec="规" * 150, unit="件" * 100
    )
    source = source_of(msgspec.structs.replace(lawful_draft(), lines=(wide,) * LINES_MAX))
    (tmp_path / "xml").write_bytes(Press().render(source, "xml"))

    done = subprocess.run(
        [sys.executable, ROOT / "tests/measure_reading.py", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )

    told = json.loads(done.stdout)
    assert told["outcome"] in ("read", "false"), told  # the texts may be too long for the law
    assert (told["cpu_s"] <= CPU_S, told["peak_mb"] <= PEAK_MB) == (True, True), told
