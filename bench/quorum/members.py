"""Three members in a lab, as one stack; and how many copies a commit waits for."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx

from bench import processes
from bench.cell import make_keys
from bench.measure import Failed, Stack
from bench.quorum.place import standing_in
from kaipiao.app.bundles import make_bundles, put_in_place
from kaipiao.continuity.cluster.acts import change_config, login_here
from kaipiao.continuity.cluster.description import Description, read_description
from kaipiao.continuity.cluster.places import Home, home_of
from kaipiao.continuity.cluster.view import look
from kaipiao.continuity.lab import roles, spaces
from kaipiao.continuity.lab.lab import CLIENT, Lab
from kaipiao.continuity.lab.refused import LabRefused
from kaipiao.ledger.embedded.passwords import ROOT, compose_dsn

UP_WITHIN_S = 120.0
TOLD_WITHIN_S = 30.0
POLL_S = 0.2
COMMITS_WAIT_FOR = "SELECT setting FROM pg_settings WHERE name = 'synchronous_standby_names'"

DESCRIPTION = """\
name = "bench-{mark}"
area = 31
folder = "{folder}"
[dcs]
kind = "raft"
[[member]]
name = "n1"
address = "192.0.2.1"
[[member]]
name = "n2"
address = "192.0.2.2"
[[member]]
name = "n3"
address = "192.0.2.3"
"""


class MembersStack(Stack, kw_only=True):
    """The member whose PostgreSQL is the primary is asked; what all three spend is told."""

    lab: Lab
    leader: str
    beside: int  # a process that only shares the member's address

    def spent_s(self) -> dict[str, float]:
        spent: defaultdict[str, float] = defaultdict(float)
        strangers = {seen.pid for seen in processes.below(self.beside)}
        for member in self.lab.members:
            pids = set(spaces.processes(self.lab.space(member))) - strangers
            for role in roles.ROLES:
                for pid in roles.of_role(sorted(pids), role):
                    if seen := processes.look(pid):
                        leads = member == self.leader
                        spent[part_of(role, seen, leads=leads)] += seen.cpu_s
        return dict(spent)


def part_of(role: roles.Role, seen: processes.Seen, *, leads: bool) -> str:
    """What a member's process is called in our tables."""
    if role == "cell":
        return processes.role_of(seen)
    return "standbys" if role == "postgres" and not leads else role


class Members:
    """A lab that is up."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.description: Description = lab.description
        self.leader = look(lab.description).leader or ""
        self.home: Home = home_of(self.description, self.description.member(self.leader))
        self.address = self.description.member(self.leader).address
        self.dsn_root = compose_dsn(sockets=self.home.sockets, secrets=self.home.secrets, role=ROOT)
        self.tokens = make_keys(
            f"http://{self.address}:{self.description.ports.http}",
            (self.home.secrets / "first-api-key").read_text(encoding="ascii").strip(),
        )

    def stack(self, beside: int) -> MembersStack:
        return MembersStack(
            name="members",
            host=self.address,
            port=self.description.ports.http,
            roots=(),
            tokens=self.tokens,
            lab=self.lab,
            leader=self.leader,
            beside=beside,
        )

    def wait_for_standby(self, is_waiting: bool) -> None:
        """Let commits wait for a standby, as they should; or not.  Raises Failed."""
        mode = "quorum" if is_waiting else False
        change_config(self.description, login_here(self.description), {"synchronous_mode": mode})
        _until(lambda: bool(self._waits_for()) == is_waiting, TOLD_WITHIN_S, "Patroni's settings")

    def check_leader(self) -> None:
        """Raises Failed: another member leads by now, and what was measured is something else."""
        if (leader := look(self.description).leader) != self.leader:
            raise Failed(f"{self.leader} led, and now {leader or 'nobody'} does")

    def _waits_for(self) -> str:
        return str(asyncio.run(_ask(self.dsn_root, COMMITS_WAIT_FOR)))


@contextmanager
def running_members(scratch: Path) -> Iterator[Members]:
    """From nothing, in a lab of our own; our thread stands at its client meanwhile.

    Raises Failed: no lab can be made here, or it does not come up.
    """
    file = scratch / "cell.toml"
    mark = scratch.name[-4:].lower().replace("_", "x")
    file.write_text(DESCRIPTION.format(mark=mark, folder=scratch / "members"), encoding="utf-8")
    lab = Lab(read_description(file))
    try:
        _start(lab)
        with standing_in(spaces.RUN / lab.space(CLIENT)):
            _until(lambda: _is_up(lab.description), UP_WITHIN_S, "the lab")
            yield Members(lab)
    except LabRefused as refused:
        raise Failed(refused.en) from refused
    finally:
        lab.down()


def _start(lab: Lab) -> None:
    lab.make()
    make_bundles(lab.description, lab.folder / "bundles")
    put_in_place(lab.description, lab.folder / "bundles")
    lab.up()


def _is_up(description: Description) -> bool:
    """Whether a commit can be acknowledged with both standbys there, and every member answers."""
    view = look(description)
    standbys = [one for one in view.members if one.state == "streaming"]
    if not view.is_writable or len(standbys) + 1 < len(view.members):
        return False
    return all(_is_ready(one.address, description.ports.http) for one in description.with_data)


def _is_ready(address: str, port: int) -> bool:
    try:
        return httpx.get(f"http://{address}:{port}/readyz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _until(is_so: Callable[[], bool], within_s: float, what: str) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {within_s:.0f} s")
        time.sleep(POLL_S)


async def _ask(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()
