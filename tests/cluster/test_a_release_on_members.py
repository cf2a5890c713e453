"""A release on three members under load, cut off twice on its way, and back again: 0 lost, 0 twice,
equal roots, and a client that never hears an error.

A lab takes minutes: KAIPIAO_LAB_DRILLS=1 runs it.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kaipiao.app.drill_lab import Needs, open_lab
from kaipiao.client.client import Client
from kaipiao.client.retry import PATIENT
from kaipiao.continuity.drill.experiment import Experiment, Step, Target
from kaipiao.continuity.drill.line import Door
from kaipiao.continuity.drill.members import MembersStage
from kaipiao.continuity.drill.perform import perform
from kaipiao.continuity.drill.reckon import compose_journal
from kaipiao.continuity.drill.sales import Desk
from kaipiao.continuity.drill.stage import Done
from kaipiao.continuity.drill.survey import survey
from kaipiao.continuity.lab.lab import Lab
from kaipiao.fiscal.draft import Draft
from tests.made_release import VERSION, make_release

PROGRAM = [sys.executable, "-c", "from kaipiao.cli.main import main; main()", "--lang", "en"]
LAB = os.environ.get("KAIPIAO_LAB_DRILLS", "")
REST_S = 0.1
OURS = 9_000_000
"""Sellers that no drill chooses."""


class ReleaseStage(MembersStage):
    """Members whose program is changed, by the command that their operator types."""

    def __init__(self, lab: Lab, python: Path) -> None:
        super().__init__(lab)
        self.python, self.file = str(python), str(lab.description.file)
        self.till = Till(self.doors, self.token)

    @property
    def acts(self) -> Mapping[str, Callable[[Target], Awaitable[Done]]]:
        return {
            **super().acts,
            "killed": self._apply_killed,
            "death": self._apply_with_a_death,
            "apply": self._apply,
            "rollback": self._roll_back,
            "finish": self._finish,
        }

    def close(self) -> "Till":
        """The shop."""
        self.till.is_over = True
        if self.till.is_alive():
            self.till.join()
        return self.till

    def versions(self) -> dict[str, str]:
        found = self._run("status", self.file)
        assert found.returncode == 0, found.stderr
        [line] = found.stdout.splitlines()
        return {
            one["member"]: f"{one['state']} {(one['current'] or {}).get('program', {})}"
            for one in json.loads(line)
        }

    async def _apply_killed(self, _: Target) -> Done:
        """kill -9 of the command while the first member has its turn."""
        self.till.start()
        command = [*PROGRAM, "release", "apply", self.python, self.file, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            await asyncio.to_thread(_until, process, "fits")
            process.kill()
        return Done("")

    async def _apply_with_a_death(self, _: Target) -> Done:
        """The second member's machine dies in the middle of its turn, and comes back."""
        command = [*PROGRAM, "release", "apply", self.python, self.file, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            seen = await asyncio.to_thread(_until, process, "runs the cell")
            seen = await asyncio.to_thread(_until, process, "fits")
            member = seen["member"]
            self._lab.kill_member(member)
            out, _err = await asyncio.to_thread(process.communicate)
            assert process.returncode in (1, 3), out
        refused = await asyncio.to_thread(self._run, "apply", self.python, self.file)
        assert refused.returncode == 1, refused.stdout
        assert member in refused.stdout
        self._lab.restart(member)
        return Done(member)

    async def _apply(self, _: Target) -> Done:
        await self._told("apply", self.python, self.file)
        versions = await asyncio.to_thread(self.versions)
        assert all(VERSION in one for one in versions.values()), versions
        return Done("")

    async def _roll_back(self, _: Target) -> Done:
        said = await self._told("rollback", self.file)
        assert said.count("the signed root") >= 2
        versions = await asyncio.to_thread(self.versions)
        assert not any(VERSION in one for one in versions.values())
        return Done("")

    async def _finish(self, _: Target) -> Done:
        await self._told("finish", self.file, "--yes")
        versions = await asyncio.to_thread(self.versions)
        assert all(one.startswith("settled") for one in versions.values())
        back = await asyncio.to_thread(self._run, "rollback", self.file)
        assert back.returncode == 1
        return Done("")

    async def _told(self, *arguments: str) -> str:
        done = await asyncio.to_thread(self._run, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [*PROGRAM, "release", *arguments, "--json"]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def _until(process: "subprocess.Popen[str]", word: str) -> Any:
    """The first step that says it."""
    assert process.stdout
    said = []
    for line in process.stdout:
        if word in line:
            return json.loads(line)
        said.append(line)
    raise AssertionError(f"it ended before {word!r}: {said}")


class Till(threading.Thread):
    """Sells by our client, one after another, and hears no error."""

    def __init__(self, doors: list[Door], token: str) -> None:
        super().__init__()
        urls = [f"http://{door.host}:{door.port}" for door in doors]
        self.client = Client(urls, token, budget=PATIENT)
        self.numbers: dict[str, str] = {}
        self.failure: Exception | None = None
        self.slowest_s = 0.0
        self.is_over = False

    def run(self) -> None:
        desk = Desk(OURS)
        seller = desk.sellers[0]
        try:
            self.client.grant_credit(seller, desk.limit_fen(seller))
            while not self.is_over:
                key = f"till-{len(self.numbers)}"
                draft = msgspec.json.decode(desk.sale(seller, key).body, type=Draft)
                began_s = time.monotonic()
                self.numbers[key] = self.client.issue(draft, key=key).number
                self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)
                time.sleep(REST_S)
        except Exception as error:
            self.failure = error


def step(act: str) -> Step:
    return Step(act, "all", act, act, 2.0, counts=act == "killed")


STEADY = Step("wait", "all", "等待恢复稳态", "wait until it is steady again")
RELEASE = Experiment(
    "release",
    "逐个成员发布",
    "a release from member to member",
    60.0,
    (
        step("killed"),
        step("death"),
        STEADY,
        step("rollback"),
        step("apply"),
        step("finish"),
    ),
)


@pytest.mark.timeout(1_200)
@pytest.mark.skipif(not LAB, reason="a lab takes minutes of two cores: KAIPIAO_LAB_DRILLS=1")
@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
async def test_a_release_goes_from_member_to_member_under_load_and_back(tmp_path: Path) -> None:
    python = make_release(tmp_path / "next")
    said: list[str] = []
    async with open_lab(
        None, Needs(disks=False, clocks=False), lambda *words: said.append(words[-1])
    ) as lab:
        stage = ReleaseStage(lab.stage._lab, python)
        try:
            done = await perform(RELEASE, stage, seed=7, desk=3, say=lambda *w: said.append(w[-1]))
            sales = stage.close()  # first: what is surveyed must not change any more
            found = await survey(stage)
        finally:
            stage.close()
    journal = compose_journal(
        RELEASE, stage, done, found, seed=7, version=VERSION, began_at="2026-11-25T00:00:00+00:00"
    )
    print("\n".join(said), journal, len(sales.numbers), sales.slowest_s)
    assert sales.failure is None
    assert len(set(sales.numbers.values())) == len(sales.numbers) > 20
    assert journal.held, journal.findings
