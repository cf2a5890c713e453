"""``./run drill seals``: every vendor is dead; thousands are issued; one vendor comes back.

    first    no vendor answers, and invoices are issued; the sealer is killed
    then     one vendor is well, one lies, one is slow; the sealer is killed a few times more,
             and now and then an invoice is issued, which must not wait behind the backlog

Judged: how fast the backlog drained against the rate that was agreed, that the oldest age fell
to nothing, that no lie was kept and how often the liar was asked, that the slow one held up no
other, and that each vendor signed nothing twice but what a killed sealer had in hand.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import processes
from bench.drafts import compose_draft, seller_of
from drills.cell import Cell, kill, open_cell
from drills.seal_vendors import VendorProgram
from kaipiao.client.batch import Sale
from kaipiao.client.client import Client
from kaipiao.client.seals import Seal
from kaipiao.ledger.seals import LOT_INVOICES
from kaipiao.seal.verdict import judge, parse_seal

AT_ONCE = 2
SLACK_S = 45.0
"""Beside the rate: the breakers' pauses, leases of killed sealers, a busy machine."""

FRESH_WITHIN_S = 15.0
SAMPLE = 40
SELLER = 0


class SealOutcome(msgspec.Struct, kw_only=True):
    """What the drill found.  Nothing in ``findings``: every promise held."""

    issued: int
    issuing_s: float  # with every vendor dead
    oldest_s: float  # at its greatest
    agreed_per_second: int
    drained_per_second: float  # while there was a backlog, kills and all
    drained_s: float
    fresh_s: list[float]  # how long invoices issued into the backlog waited
    sealer_kills: int
    asked: dict[str, int]
    signed: dict[str, int]
    findings: list[str]


class SealDrill:
    def __init__(self, cell: Cell, vendors: dict[str, VendorProgram], client: Client) -> None:
        self.cell, self.vendors, self.client = cell, vendors, client
        self.findings: list[str] = []
        self.kills = 0
        self.oldest_s = 0.0
        self.numbers: list[str] = []

    def issue(self, count: int, name: str) -> None:
        sales = [Sale(n, f"{name}-{n}", compose_draft(SELLER)) for n in range(count)]
        for result in self.client.batch(sales):
            if result.number:
                self.numbers.append(result.number)
            else:
                self.findings.append(f"{result.key} was not issued: {result.outcome}")

    def kill_sealer(self) -> None:
        below = processes.below(self.cell.pid)
        found = [one.pid for one in below if "kaipiao.app.seal" in one.name]
        kill(found)
        self.kills += len(found)

    def waiting(self) -> int:
        found = self.client.seals.vendors()
        self.oldest_s = max(self.oldest_s, found.oldest_s or 0.0)
        return found.waiting

    def wait_sealed(self, number: str, within_s: float) -> float:
        """How long it took; a finding if it took longer."""
        began = time.monotonic()
        while self.client.seals.read(number).state != "sealed":
            if time.monotonic() - began > within_s:
                self.findings.append(f"{number} waited more than {within_s:.0f} s for its seal")
                break
            time.sleep(0.1)
        return round(time.monotonic() - began, 2)

    def judge_marks(self) -> None:
        """A sample of all marks, as a stranger with nothing but the file."""
        for number in self.numbers[:: max(1, len(self.numbers) // SAMPLE)]:
            seal: Seal = self.client.seals.read(number)
            try:
                faults = judge(parse_seal(msgspec.json.encode(seal))).faults
            except ValueError as error:
                faults = (str(error),)
            self.findings += [f"the seal of {number}: {fault}" for fault in faults]

    def judge_vendors(self) -> None:
        shown = {one.name: one for one in self.client.seals.vendors().vendors}
        counts = {name: one.counts() for name, one in self.vendors.items()}
        if shown["liar"].invoices or not shown["liar"].lied_at:
            self.findings.append("a lie was kept, or not noticed")
        if counts["liar"]["asked"] > AT_ONCE * (1 + self.kills):
            self.findings.append(f"the liar was asked {counts['liar']['asked']} times")
        twice = counts["good"]["signed"] - len(self.numbers)
        if twice > self.kills * AT_ONCE * LOT_INVOICES:
            self.findings.append(f"{twice} invoices were signed twice by one vendor")


async def run_seals(
    folder: Path, *, invoices: int, kills: int, per_second: int, say: Callable[[str], None]
) -> SealOutcome:
    """The drill, on a cell in ``folder``."""
    vendors = _start_vendors(folder, per_second)
    try:
        async with open_cell(folder) as cell:
            with Client(f"http://127.0.0.1:{cell.port}", cell.first_key) as client:
                client.grant_credit(seller_of(SELLER).taxpayer_id, 10**14)
                drill = SealDrill(cell, vendors, client)
                return await asyncio.to_thread(_drill, drill, invoices, kills, per_second, say)
    finally:
        for one in vendors.values():
            one.stop()


def _start_vendors(folder: Path, per_second: int) -> dict[str, VendorProgram]:
    """Three, dead but listening, and in the roster of the cell that will live in ``folder``."""
    names = ("slow", "liar", "good")
    vendors = {name: VendorProgram(folder.parent / name, "dead") for name in names}
    for one in vendors.values():
        one.wait_until_up()
    terms = {"timeout_ms": 2_000, "at_once": AT_ONCE, "per_second": per_second}
    roster = {"vendors": [one.entry(**terms) for one in vendors.values()]}
    folder.mkdir()
    os.chmod(folder, 0o711)  # noqa: S103  the database's user must pass through
    (folder / "vendors.json").write_text(json.dumps(roster))
    return vendors


def _drill(
    drill: SealDrill, invoices: int, kills: int, per_second: int, say: Callable[[str], None]
) -> SealOutcome:
    began = time.monotonic()
    drill.issue(invoices, "dead")
    issuing_s = time.monotonic() - began
    drill.kill_sealer()
    say(f"{invoices} issued in {issuing_s:.1f} s, every vendor dead")
    while drill.waiting() < invoices:  # the log catches up
        time.sleep(0.1)
    for name, behaviour in (("slow", "slow"), ("liar", "lying"), ("good", "honest")):
        drill.vendors[name].behave(behaviour)
    began, fresh_s = time.monotonic(), []
    for n in range(kills):
        time.sleep(1)
        drill.kill_sealer()
        drill.issue(1, f"fresh-{n}")
        fresh_s.append(drill.wait_sealed(drill.numbers[-1], FRESH_WITHIN_S + SLACK_S))
    deadline = began + invoices / per_second + SLACK_S + 3 * kills
    while (waiting := drill.waiting()) and time.monotonic() < deadline:
        time.sleep(0.2)
    drained_s = time.monotonic() - began
    if waiting:
        drill.findings.append(f"{waiting} invoices are still not sealed after {drained_s:.0f} s")
    if drill.client.seals.vendors().oldest_s is not None and not waiting:
        drill.findings.append("nothing waits, and something is old")
    if invoices / drained_s > per_second + per_second / drained_s * (1 + drill.kills):
        drill.findings.append("it drained faster than was agreed")
    time.sleep(2.5)  # scores are told every two seconds
    drill.judge_marks()
    drill.judge_vendors()
    counts = {name: one.counts() for name, one in drill.vendors.items()}
    return SealOutcome(
        issued=len(drill.numbers),
        issuing_s=round(issuing_s, 2),
        oldest_s=round(drill.oldest_s, 1),
        agreed_per_second=per_second,
        drained_per_second=round(len(drill.numbers) / drained_s, 1),
        drained_s=round(drained_s, 1),
        fresh_s=fresh_s,
        sealer_kills=drill.kills,
        asked={name: one["asked"] for name, one in counts.items()},
        signed={name: one["signed"] for name, one in counts.items()},
        findings=drill.findings,
    )
