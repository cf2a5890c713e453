"""Drills through the command line: one on a cell always; those of three members when asked for.

A lab of three members takes two minutes: KAIPIAO_LAB_DRILLS=1, or =all, runs it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROMISES = {"acknowledged_lost": 0, "duplicates": 0, "gaps": 0, "overdrawn": 0}
PROGRAM = [sys.executable, "-c", "from kaipiao.cli.main import main; main()", "--lang", "en"]
LAB = os.environ.get("KAIPIAO_LAB_DRILLS", "")


def drill(*arguments: str, within_s: float = 120) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, "drill", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)


def test_a_killed_database_costs_no_receipt_and_the_page_says_so(tmp_path: Path) -> None:
    journal, page = tmp_path / "f.json", tmp_path / "f.html"
    done = drill("kill-postgres", "--json", str(journal), "--page", str(page))

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(journal.read_bytes())
    assert_promises(told)
    assert told["acknowledged"] > 100
    assert told["steps"][0]["whom"].startswith("postgres")
    assert "every promise held" in page.read_text(encoding="utf-8")


def test_what_needs_three_members_is_refused_without_them() -> None:
    done = drill("kill-node")

    assert done.returncode == 2
    assert "--lab" in done.stderr


def test_a_drill_that_is_none_is_told_those_that_are() -> None:
    done = drill("kill-everything")

    assert done.returncode == 2
    assert "switchover" in done.stderr


@pytest.mark.skipif(not LAB, reason="a lab takes two minutes of two cores: KAIPIAO_LAB_DRILLS=1")
@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_three_members_lose_no_receipt(tmp_path: Path) -> None:
    journal = tmp_path / "f.json"
    name = "all" if LAB == "all" else "kill-postgres"
    done = drill(name, "--lab", "--json", str(journal), within_s=1_200)

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(journal.read_bytes())
    for one in told if name == "all" else [told]:
        assert_promises(one)


def assert_promises(told: dict[str, Any]) -> None:
    assert {name: told[name] for name in PROMISES} == PROMISES
    assert told["root_extends"]
    assert told["steady_after"]
    assert told["recovery_s"] <= told["limit_s"]
