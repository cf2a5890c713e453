"""Drills through the command line: one on a cell and, where namespaces are allowed, one in a lab.

All drills of three members take five minutes of a quiet machine: KAIPIAO_LAB_DRILLS=1 runs them,
and holds them to their seconds.  Beside other tests seconds say nothing; the promises do.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kaipiao.continuity.drill.perform import FORMED_WITHIN_S

PROMISES = {
    "acknowledged_lost": 0,
    "duplicates": 0,
    "gaps": 0,
    "overdrawn": 0,
}
TOO_SLOW = ("writes came back after", "nobody heard a yes for")
ALL_WITHIN_S = 1_200.0
CLIENT_WAITS_S = 30.0
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


@pytest.mark.skipif(bool(LAB), reason="all of them are run: KAIPIAO_LAB_DRILLS")
@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
@pytest.mark.timeout(FORMED_WITHIN_S + 180)
def test_three_members_lose_no_receipt_when_the_primary_is_killed(tmp_path: Path) -> None:
    journal = tmp_path / "f.json"
    within_s = FORMED_WITHIN_S + 150
    done = drill("kill-postgres", "--lab", "--json", str(journal), within_s=within_s)
    if done.returncode == 2 and "not steady" not in done.stderr:
        pytest.skip(f"no lab can be made here: {done.stderr.splitlines()[-1]}")

    told = json.loads(journal.read_bytes())
    findings = [one for one in told["findings"] if not one.startswith(TOO_SLOW)]
    assert not findings
    assert_kept(told)
    assert told["acknowledged"] > 100
    assert told["client_calls"] > 0


@pytest.mark.skipif(not LAB, reason="five minutes of a quiet machine: KAIPIAO_LAB_DRILLS=1")
@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
@pytest.mark.timeout(ALL_WITHIN_S + 60)
def test_every_drill_of_three_members_holds(tmp_path: Path) -> None:
    journal = tmp_path / "f.json"
    done = drill("all", "--lab", "--json", str(journal), within_s=ALL_WITHIN_S)

    assert done.returncode == 0, done.stdout + done.stderr
    for one in json.loads(journal.read_bytes()):
        assert_promises(one)


@pytest.mark.skipif(not LAB, reason="minutes of a quiet machine: KAIPIAO_LAB_DRILLS=1")
@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
@pytest.mark.skipif(shutil.which("etcd") is None, reason="there is no etcd on the PATH")
@pytest.mark.timeout(ALL_WITHIN_S + 60)
def test_with_an_etcd_of_ours_the_same_holds(tmp_path: Path) -> None:
    journal = tmp_path / "f.json"
    names = ("kill-postgres", "kill-node", "cut-leader-of-dcs")
    done = drill(*names, "--lab", "--dcs", "etcd", "--json", str(journal), within_s=ALL_WITHIN_S)

    assert done.returncode == 0, done.stdout + done.stderr
    for one in json.loads(journal.read_bytes()):
        assert_promises(one)


def assert_promises(told: dict[str, Any]) -> None:
    assert_kept(told)
    assert told["recovery_s"] <= told["limit_s"]


def assert_kept(told: dict[str, Any]) -> None:
    assert {name: told[name] for name in PROMISES} == PROMISES
    assert told["root_extends"]
    assert told["steady_after"]
    assert told["client_errors"] == 0 or told["limit_s"] >= CLIENT_WAITS_S
