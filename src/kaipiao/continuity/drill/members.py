"""The stage of three members: a lab of ours, asked and broken from the client's namespace."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from kaipiao.continuity.cluster import acts as cluster_acts
from kaipiao.continuity.cluster.places import home_of
from kaipiao.continuity.cluster.view import ClusterView, MemberView, look
from kaipiao.continuity.cluster.words import Sentence
from kaipiao.continuity.drill.experiment import HOUR_S, Target
from kaipiao.continuity.drill.line import Door, NoDoor, Silence, ask_once
from kaipiao.continuity.drill.stage import Done, StageRefused, Undo
from kaipiao.continuity.lab.faults import Faults
from kaipiao.continuity.lab.lab import PROGRAM, Lab
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.note import VerifierKey, parse_vkey
from kaipiao.ledger.embedded.passwords import ROOT, compose_dsn

ASK_WITHIN_S = 3.0
STOP_WITHIN_S = 30.0
LAG_BYTES = 1 << 20
WELL = {"primary": "running", "standby": "streaming"}
FIRST_KEY = "first-api-key"
CONTROL_FILE = "global/pg_control"
NO_QUORUM = Sentence(
    "没有主节点, 或没有可确认提交的备节点",
    "no primary with a standby that a commit may count on",
)


class MembersStage:
    """A lab that is up; our own process stands in its client's namespace."""

    def __init__(self, lab: Lab) -> None:
        self.name = f"{len(lab.members)} members in a lab ({lab.description.dcs.kind})"
        self._lab = lab
        self._faults = Faults(lab)
        self._description = lab.description
        self._homes = {one.name: home_of(lab.description, one) for one in lab.description.members}
        self._restarted_s: dict[str, float] = {}

    @property
    def token(self) -> str:
        home = next(iter(self._homes.values()))
        return (home.secrets / FIRST_KEY).read_text(encoding="ascii").strip()

    @property
    def doors(self) -> list[Door]:
        port = self._description.ports.http
        return [Door(one.address, port) for one in self._description.with_data]

    @property
    def acts(self) -> Mapping[str, Callable[[Target], Awaitable[Done]]]:
        return {
            "kill-postgres": partial(self._kill, "postgres"),
            "kill-patroni": partial(self._kill, "patroni"),
            "kill-node": self._kill_node,
            "start-node": self._start_node,
            "restart-node": self._restart_node,
            "cut": partial(self._break, self._faults.cut),
            "cut-one-way": partial(self._break, self._cut_all_it_sends),
            "slow-disk": partial(self._break, self._faults.slow_disk),
            "full-disk": partial(self._break, self._faults.full_disk),
            "clock-ahead": partial(self._break, partial(self._step_clock, HOUR_S)),
            "clock-back": partial(self._break, partial(self._step_clock, -HOUR_S)),
            "switchover": self._switch_over,
            "damage-data": self._damage_data,
            "recover": self._recover,
        }

    @property
    def logs(self) -> dict[str, Path]:
        return {name: home.cell / "evidence" for name, home in self._homes.items()}

    @property
    def vkey(self) -> VerifierKey:
        home = next(iter(self._homes.values()))
        return parse_vkey((home.secrets / VKEY_NAME).read_text(encoding="utf-8").strip())

    async def unsteady(self) -> list[Sentence]:
        view = await self._look()
        faults = [] if view.is_writable else [NO_QUORUM]
        timeline = view.member(view.leader).timeline if view.leader else None
        faults += [found for one in view.members if (found := what_ails(one, timeline))]
        return faults or [found for door in self.doors if (found := await self._ails(door))]

    async def dsn(self) -> str:
        return self._dsn_of(await self._find("primary"))

    async def copies(self) -> dict[str, str]:
        standbys = [one.name for one in (await self._look()).members if one.role == "standby"]
        return {name: self._dsn_of(name) for name in standbys}

    def _dsn_of(self, member: str) -> str:
        home = self._homes[member]
        return compose_dsn(sockets=home.sockets, secrets=home.secrets, role=ROOT)

    async def _ails(self, door: Door) -> Sentence | None:
        try:
            answer = await ask_once(door, "GET /readyz", within_s=ASK_WITHIN_S)
        except (NoDoor, Silence) as error:
            return Sentence(
                f"{door.host} 没有应答: {error}", f"{door.host} does not answer: {error}"
            )
        if answer.status == 200:
            return None
        return Sentence(
            f"{door.host} 未就绪 ({answer.status})", f"{door.host} is not ready ({answer.status})"
        )

    # ---- whom ----

    async def _look(self) -> ClusterView:
        return await asyncio.to_thread(look, self._description)

    async def _find(self, target: Target) -> str:
        """The member that stands there now.  Raises StageRefused: nobody does."""
        view = await self._look()
        if target == "dcs-leader":
            from kaipiao.continuity.drill.store import store_leader

            found = await asyncio.to_thread(store_leader, self._description)
        elif target == "primary":
            found = view.leader
        else:
            found = next_standby(view, self._restarted_s)
        if found is None:
            raise StageRefused(
                zh=f"现在没有 {target}。查看: kaipiao cluster status",
                en=f"There is no {target} now. Look: kaipiao cluster status",
            )
        return found

    # ---- acts ----

    async def _kill(self, role: str, target: Target) -> Done:
        member = await self._find(target)
        pids = self._lab.kill(member, "patroni" if role == "patroni" else "postgres")[:1]
        return Done(f"{member} {pids}", struck_s=time.monotonic())

    async def _kill_node(self, target: Target) -> Done:
        members = list(self._lab.members) if target == "all" else [await self._find(target)]
        for member in members:  # threads: they die together, as in a power cut
            await asyncio.to_thread(self._lab.kill_member, member)
        return Done(" ".join(members), partial(self._start, members), time.monotonic())

    async def _start_node(self, _: Target) -> Done:
        await self._start(list(self._lab.members))
        return Done(" ".join(self._lab.members))

    async def _start(self, members: list[str]) -> None:
        """Those that do not run."""
        for member in members:
            if not self._lab.pids(member, "node"):
                await asyncio.to_thread(self._lab.restart, member)

    async def _restart_node(self, target: Target) -> Done:
        member = await self._find(target)
        self._restarted_s[member] = time.monotonic()
        self._lab.kill(member, "node", signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while self._lab.pids(member, "node") and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        await asyncio.to_thread(self._lab.kill_member, member)  # whatever did not stop by itself
        await self._start([member])
        return Done(member)

    async def _break(self, fault: Callable[[str], Callable[[], None]], target: Target) -> Done:
        member, began_s = await self._find(target), time.monotonic()
        undo = _awaited(await asyncio.to_thread(fault, member))
        return Done(member, undo, began_s)  # a disk is written full for seconds, and guarded

    async def _damage_data(self, target: Target) -> Done:
        """What says how far it had come is gone: PostgreSQL never starts from this again."""
        member = await self._find(target)
        (self._homes[member].data / CONTROL_FILE).write_bytes(b"")
        pids = self._lab.kill(member, "postgres")[:1]
        return Done(f"{member} {pids}", struck_s=time.monotonic())

    async def _recover(self, _: Target) -> Done:
        """As an operator does it, on the primary's machine; it waits until all is mended."""
        member, file = await self._find("primary"), str(self._description.file)
        said = self._description.folder / "recover.said"
        with said.open("wb") as output:
            command = [*PROGRAM, "--lang", "en", "recover", file]
            running = self._lab.spawn(member, command, output=output)
        code = await asyncio.to_thread(running.wait)
        last = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        return Done(f"exit {code}: {' '.join(last)}")

    def _step_clock(self, by_s: int, member: str) -> Callable[[], None]:
        return self._faults.step_clock(member, by_s)

    def _cut_all_it_sends(self, member: str) -> Callable[[], None]:
        undos = [
            self._faults.cut_one_way(member, other)
            for other in self._lab.members
            if other != member
        ]

        def undo() -> None:
            for one in undos:
                one()

        return undo

    async def _switch_over(self, _: Target) -> Done:
        key = cluster_acts.login_here(self._description)
        was, began_s = await self._find("primary"), time.monotonic()
        act = partial(cluster_acts.switchover, self._description, key, by="drill", why="drill")
        view = await asyncio.to_thread(act)
        return Done(f"{was} → {view.leader}", struck_s=began_s)


def next_standby(view: ClusterView, restarted_s: Mapping[str, float]) -> str | None:
    """Each in its turn: the one whose restart, if it had any, lies longest back."""
    standbys = [one.name for one in view.members if one.role == "standby"]
    return min(standbys, key=lambda one: restarted_s.get(one, float("-inf")), default=None)


def what_ails(member: MemberView, timeline: int | None) -> Sentence | None:
    """Why this member is not as it should be; None: it is.  ``timeline`` is the primary's.

    A former primary that came back runs, and has not been rewound yet: a fault now would find
    one standby fewer than people think.
    """
    name, behind = member.name, member.lag_bytes or 0
    if not member.is_reachable:
        return Sentence(f"{name} 没有应答", f"{name} does not answer")
    if member.role == "vote":
        return None
    if member.state != WELL.get(member.role):
        state = member.state or "unknown"
        return Sentence(f"{name} 的状态是 {state}", f"{name} is {state}")
    if member.timeline != timeline:
        return Sentence(
            f"{name} 在时间线 {member.timeline}, 主节点在 {timeline}",
            f"{name} is on timeline {member.timeline}, the primary on {timeline}",
        )
    if behind > LAG_BYTES:
        return Sentence(f"{name} 落后 {behind} 字节", f"{name} is {behind} bytes behind")
    return None


def _awaited(undo: Callable[[], None]) -> Undo:
    async def run() -> None:
        await asyncio.to_thread(undo)

    return run
