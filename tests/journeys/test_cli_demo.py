"""Someone who has never seen this types one command."""

import json
import os
import re
import time
from pathlib import Path

from tests.journeys.cells import kaipiao


def test_the_demonstration_holds_and_leaves_nothing_behind(scratch: Path) -> None:
    began = time.monotonic()

    done = kaipiao("demo", "--once", env={"TMPDIR": str(scratch)})

    told = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert set(told) == {"issued", "reversed", "verified", "seconds"}
    assert told["issued"] >= 200
    assert told["reversed"] == 2
    assert told["verified"] == told["issued"] + told["reversed"]
    assert time.monotonic() - began < 30
    assert list(scratch.iterdir()) == []
    assert not re.search(r"监制章|国家税务总局", done.stdout)


def test_it_speaks_chinese_to_whoever_reads_chinese() -> None:
    done = kaipiao("demo", "--once", "--count", "10", env={"KAIPIAO_LANG": "zh"})

    assert done.returncode == 0, done.stderr
    assert "查验: 12 份回执离线核验为真" in done.stdout
    assert os.linesep not in done.stdout.splitlines()[-1]
