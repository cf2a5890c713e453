"""Real members in a lab: a full disk, broken data, changed settings, a member that only votes.

A lab takes minutes of two cores: KAIPIAO_LAB_DRILLS=1 runs it.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kaipiao.app.bundles import make_bundles, put_in_place
from kaipiao.continuity.cluster.description import read_description
from kaipiao.continuity.lab.lab import Lab
from kaipiao.continuity.lab.three import compose_three

PROGRAM = [sys.executable, "-c", "from kaipiao.cli.main import main; main()", "--lang", "en"]
LAB = os.environ.get("KAIPIAO_LAB_DRILLS", "")
DISK_MB, RESERVE_MB = 900, 96

pytestmark = [
    pytest.mark.skipif(not LAB, reason="a lab takes two minutes: KAIPIAO_LAB_DRILLS=1"),
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.timeout(900),
]


class Members:
    """A lab that runs, asked as its operator asks it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.file = str(lab.description.file)

    def run(self, *arguments: str, within_s: float = 240) -> subprocess.CompletedProcess[str]:
        command = [*PROGRAM, *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=within_s, check=False
        )

    def look(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(
            self.run("cluster", "status", "--json", self.file).stdout.splitlines()[0]
        )
        told["by_name"] = {one["name"]: one for one in told["members"]}
        return told

    def until(
        self, holds: Callable[[dict[str, Any]], bool], within_s: float = 90
    ) -> dict[str, Any]:
        end = time.monotonic() + within_s
        while not holds(told := self.look()):
            assert time.monotonic() < end, told
        return told


@contextmanager
def members(*, last: str = "", disks: bool = False) -> Iterator[Members]:
    with tempfile.TemporaryDirectory(prefix="kaipiao-test-") as name:
        Path(name).chmod(0o711)  # the database's user must pass through
        file = Path(name) / "cell.toml"
        cell = f"m{secrets.token_hex(3)}"
        text = compose_three(Path(name) / "cell", name=cell, last=last)
        file.write_text(text, encoding="utf-8")
        lab = Lab(read_description(file))
        try:
            lab.make(disks_mb=dict.fromkeys(lab.members, DISK_MB) if disks else None)
            make_bundles(lab.description, lab.folder / "bundles")
            put_in_place(lab.description, lab.folder / "bundles")
            lab.up()
            ours = Members(lab)
            ours.until(is_whole, 180)
            yield ours
        finally:
            lab.down()


def is_whole(told: dict[str, Any]) -> bool:
    """Everybody answers, and every standby streams."""
    standbys = [one for one in told["members"] if one["role"] == "standby"]
    return all(one["is_reachable"] for one in told["members"]) and all(
        one["state"] == "streaming" and one["is_in_quorum"] for one in standbys
    )


@pytest.fixture(scope="module")
def three() -> Iterator[Members]:
    with members(disks=True) as ours:
        yield ours


def test_a_primary_hands_over_before_its_disk_is_full(three: Members) -> None:
    before = three.until(is_whole)["leader"]
    where = three.lab.folder / before / "postgres"
    filler = where / "filler"
    disk = os.statvfs(where)
    with filler.open("wb") as file:
        os.posix_fallocate(
            file.fileno(), 0, disk.f_bavail * disk.f_frsize - (RESERVE_MB - 16 << 20)
        )

    told = three.until(lambda seen: seen["leader"] not in (None, before))
    told = three.until(lambda seen: seen["by_name"][before]["is_disk_short"])
    assert told["switches"][-1]["by"] == f"node {before}"
    assert "disk" in told["switches"][-1]["why"]
    found = json.loads(
        three.run("recover", three.file, "--dry-run", "--json").stdout.splitlines()[0]
    )
    assert "member-disk-short" in [one["kind"] for one in found["findings"]]

    filler.unlink()
    three.until(lambda seen: not seen["by_name"][before]["is_disk_short"])
    three.until(is_whole)


def test_a_standby_whose_data_is_broken_is_copied_anew(three: Members) -> None:
    told = three.until(is_whole)
    standby = next(one["name"] for one in told["members"] if one["role"] == "standby")
    (three.lab.folder / standby / "postgres/data/global/pg_control").write_bytes(b"")
    three.lab.kill(standby, "postgres")
    three.until(lambda seen: not is_whole(seen))

    done = three.run("recover", three.file)

    three.until(is_whole, 180)
    assert "copy it anew" in done.stdout, done.stdout + done.stderr
    journal = three.lab.description.file.with_suffix(".recover.log")
    begun = [json.loads(line) for line in journal.read_text().splitlines()]
    assert ("reinit", standby) in [(one["step"]["act"], one["step"]["about"]) for one in begun]


def test_settings_that_changed_reach_a_living_cluster(three: Members) -> None:
    three.until(is_whole)
    assert three.run("cluster", "settings", three.file).returncode == 0
    wanted = three.lab.folder / "n1/patroni/patroni.yml"
    whole = wanted.read_text(encoding="utf-8")
    wanted.write_text(
        whole.replace('"maximum_lag_on_failover": 1048576', '"maximum_lag_on_failover": 2097152')
    )

    told = three.run("cluster", "settings", three.file)
    assert told.returncode == 1
    assert "maximum_lag_on_failover  2097152  1048576" in told.stdout
    assert three.run("cluster", "settings", "--push", three.file).returncode == 0
    assert three.run("cluster", "settings", three.file).returncode == 0


def test_two_members_and_a_vote_fail_over_and_issue_again_when_both_are_back() -> None:
    """The vote elects; a commit still needs a second copy, so that one member alone waits."""
    with members(last='role = "vote"') as ours:
        told = ours.look()
        first = told["leader"]
        ours.lab.kill_member(first)
        told = ours.until(lambda seen: seen["leader"] not in (None, first), 30)
        other = told["leader"]
        ours.until(lambda seen: seen["by_name"][other]["state"] == "running", 30)

        ours.lab.restart(first)
        ours.until(is_whole, 120)
        ours.lab.kill_member("n3")
        told = ours.until(lambda seen: not seen["by_name"]["n3"]["is_reachable"])
        assert ours.run("cluster", "status", ours.file).returncode == 0  # it issues
        ours.lab.restart("n3")
        ours.until(is_whole)
