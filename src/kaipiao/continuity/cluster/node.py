"""What runs on one member, kept alive until it is told to stop.

    node ─┬─ etcd      if it is ours to run
          ├─ patroni   and under it PostgreSQL
          ├─ route     Envoy: 127.0.0.1:5000 leads to whoever leads now
          └─ cell      ``kaipiao up``, with its database through the route

The cell is started when the database answers through the route.  The order of a stop: the cell
finishes what it is doing, the route goes, Patroni hands over and stops PostgreSQL, etcd ends.

Patroni outlives a supervisor's restart of it: PostgreSQL runs on meanwhile.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.continuity.cluster import etcd, etcd_start, launcher, patroni, route, store_secrets
from kaipiao.continuity.cluster.controls import Controls
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.guard import DiskGuard
from kaipiao.continuity.cluster.interpreter import find_interpreter
from kaipiao.continuity.cluster.kept import ACCOUNT_ENVIRONMENT, Kept, as_account
from kaipiao.continuity.cluster.places import AUTHORITY, MEMBER, Home, home_of, make_home
from kaipiao.continuity.cluster.room import Tags
from kaipiao.continuity.cluster.rotation import keep_logs_short
from kaipiao.continuity.cluster.secrets import check_passwords
from kaipiao.continuity.cluster.server_tls import find_server
from kaipiao.continuity.cluster.tls import FOLDER as TLS
from kaipiao.continuity.cluster.tls import tls_of
from kaipiao.continuity.cluster.watches import watches
from kaipiao.continuity.cluster.words import Sentence
from kaipiao.errors import Outage
from kaipiao.ledger.embedded.account import Account, give
from kaipiao.ledger.embedded.cluster import make_roles_by, written_by
from kaipiao.ledger.embedded.places import Places
from kaipiao.ledger.embedded.programs import make_reachable
from kaipiao.ledger.embedded.settings import Size, fit_size
from kaipiao.ledger.embedded.survivors import find_postmaster

CELL_STOP_S = 8.0
ROUTE_STOP_S = 2.0
ETCD_STOP_S = 3.0
PATRONI_STOP_S = 60.0
"""A shutdown checkpoint takes what it takes; it is the one that must not be cut short."""

LOOK_EVERY_S = 0.5
LAB_SIZE = Size(buffers_mb=128, wal_min_mb=64, wal_max_mb=192)
"""In a lab several members share one machine, and are wound back after every drill."""

Pids = dict[str, int]
"""The process that does it, by role: node, etcd, patroni, postgres, route, cell."""


class CellProgram(NamedTuple):
    """How a member's cell is started; its database's address is in ``environ``."""

    command: Sequence[str]
    environ: Mapping[str, str]


class Node:
    """The programs of one member."""

    def __init__(
        self,
        description: Description,
        member: Member,
        cell: CellProgram,
        *,
        tell: Callable[[Sentence], None],
    ) -> None:
        self._description = description
        self._tell = tell
        self._member = member
        self._home = home_of(description, member)
        self._cell_program = cell
        self._kept: list[Kept] = []
        self._patroni_settings: dict[str, Any] = {}

    async def run(self, stop: asyncio.Event, *, announce: Callable[[Pids], None]) -> None:
        """Keep everything alive until ``stop``; ``announce`` is told what runs whenever it changes.

        Raises:
            BundleMissing, DatabaseWontStart: nothing was started; it says what to do.
        """
        await asyncio.to_thread(self._prepare)
        lives = (*self._lives(), *self._guards(), self._look(announce))
        tasks = [asyncio.create_task(work) for work in lives]
        stopping = asyncio.create_task(stop.wait())
        try:
            # One of ours that ends before it is told to has met a defect: stop in order, raise it.
            await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await self._stop()
            ended = [task.result() for task in tasks if task.done()]
            assert not ended or stop.is_set()
            await _cancel(tasks)
            self._home.node_file.unlink(missing_ok=True)

    def _lives(self) -> Iterator[Coroutine[None, None, None]]:
        """Each program's life; the cell's begins when its database is there."""
        for kept in self._kept:
            yield self._open_and_run(kept) if kept.role == "cell" else kept.run()

    def _guards(self) -> Iterator[Coroutine[None, None, None]]:
        server = self._patroni_settings.get("postgresql")
        programs = Path(server["bin_dir"]) if server else None
        yield keep_logs_short(self._home, self._account, programs)
        if self._description.dcs.run:
            yield etcd.note_life(etcd.place_of(self._home))
        if self._member.has_data:
            controls = Controls(self._description, self._member, self._write_tags)
            reserve, tell = self._description.disk, self._tell
            yield DiskGuard(self._member.name, self._home, reserve, controls, tell=tell).run()
            yield from watches(self._description, self._member, self._kept, tell)

    def _write_tags(self, tags: Tags) -> None:
        whole = self._patroni_settings | {"tags": tags}
        _write_for(self._account, self._home.patroni_file, patroni.render_patroni(whole))

    def _prepare(self) -> None:
        """Folders, files and commands; nothing runs yet."""
        check_passwords(self._home.secrets)
        tls_of(self._home.secrets)
        self._account = account = make_home(self._home)
        _copy_certificates(account, self._home)
        self._kept = [self._etcd(account)] if self._description.dcs.run else []
        if self._member.has_data or not self._description.dcs.run:
            self._kept.append(self._patroni(account))
        if self._member.has_data:
            self._kept += [self._route(account), self._cell()]

    def _etcd(self, account: Account) -> Kept:
        place, binary = etcd.place_of(self._home), self._description.dcs.binary
        orders = etcd.compose_orders(
            self._description, self._member, self._home, etcd.find_etcd(account, binary)
        )
        _write_for(account, place.orders, etcd.render_orders(orders))
        python = find_interpreter(account).python
        return self._keep(
            "etcd",
            as_account(account, [python, "-I", "-u", etcd_start.__file__, str(place.orders)]),
            output=place.folder / "etcd.log",
            environ=ACCOUNT_ENVIRONMENT,
        )

    def _patroni(self, account: Account) -> Kept:
        home, role = self._home, self._member.role
        if self._member.has_data:
            server = self._description.server
            found = find_server(server, written_by=written_by(home.data))
            programs = make_reachable(found, account)
            whole = patroni.compose_patroni(
                self._description, self._member, home, programs, self._size()
            )
        else:
            whole = patroni.compose_voter(self._description, self._member, home)
        self._patroni_settings = whole
        _write_for(account, home.patroni_file, patroni.render_patroni(whole))
        python, site = find_interpreter(account)
        others = ",".join(
            one.name for one in self._description.with_data if one.name != self._member.name
        )
        orders = [str(site), role, str(home.patroni_file), others]
        command = [python, "-I", "-u", launcher.__file__, *orders]
        return self._keep(
            "patroni",
            as_account(account, command),
            output=home.patroni / "start.log",
            environ=ACCOUNT_ENVIRONMENT,
        )

    def _size(self) -> Size:
        in_lab = (self._description.folder / "lab.json").exists()
        home = self._home
        return LAB_SIZE if in_lab else fit_size(Places(home.postgres, home.secrets, home.sockets))

    def _route(self, account: Account) -> Kept:
        home = self._home
        _write_for(account, home.route_file, route.render_route(self._description, home.tls))
        command = route.route_command(route.find_envoy(), home.route_file)
        return self._keep(
            "route",
            as_account(account, command),
            output=home.route / "envoy.log",
            environ=ACCOUNT_ENVIRONMENT,
        )

    def _cell(self) -> Kept:
        program = self._cell_program
        return self._keep(
            "cell", program.command, output=self._home.path / "cell.log", environ=program.environ
        )

    def _keep(
        self, role: str, command: Sequence[str], *, output: Path, environ: Mapping[str, str]
    ) -> Kept:
        return Kept(role, command, output=output, environ=environ)

    async def _open_and_run(self, cell: Kept) -> None:
        """Once a primary answers through the route, see to roles and database; then the cell."""
        address = f"{route.LOOPBACK}:{self._description.ports.route}"
        while not cell.is_stopping:
            try:
                await make_roles_by(address, self._home.secrets)
            except Outage:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            await cell.run()

    async def _look(self, announce: Callable[[Pids], None]) -> None:
        """Whenever another process does something here, say so, aloud and in ``node.json``."""
        before: Pids | None = None
        while True:
            if (pids := self._pids()) != before:
                before = pids
                write_whole(self._home.node_file, msgspec.json.encode(pids), mode=0o644)
                announce(pids)
            await asyncio.sleep(LOOK_EVERY_S)

    def _pids(self) -> Pids:
        pids = {"node": os.getpid(), "postgres": find_postmaster(self._home.data)}
        pids |= {kept.role: kept.pid for kept in self._kept}
        return {role: pid for role, pid in pids.items() if pid}

    async def _stop(self) -> None:
        patience_s = {"cell": CELL_STOP_S, "route": ROUTE_STOP_S, "patroni": PATRONI_STOP_S}
        patience_s["etcd"] = ETCD_STOP_S
        for kept in reversed(self._kept):
            await kept.stop(patience_s[kept.role])


def read_node(home: Home) -> Pids | None:
    """What runs on a member, by role; None if nothing does, or its supervisor was killed."""
    try:
        pids = msgspec.json.decode(home.node_file.read_bytes(), type=Pids)
        os.kill(pids["node"], 0)
    except (OSError, KeyError, msgspec.DecodeError):
        return None
    return pids


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _write_for(account: Account, path: Path, content: bytes) -> None:
    """A file of ours that the account, and nobody else, may read."""
    write_whole(path, content)
    give(path, account)


def _copy_certificates(account: Account, home: Home) -> None:
    """Where the account may read them; what is not there is not asked for."""
    store = home.secrets / store_secrets.FOLDER
    from_to = {
        **{home.secrets / TLS / name: home.tls.folder / name for name in (AUTHORITY, MEMBER)},
        **{store / name: home.store_files / name for name in store_secrets.FILES},
    }
    for source, target in from_to.items():
        if source.exists():
            _write_for(account, target, source.read_bytes())
