"""Three etcds of ours, each in its own namespace: TLS only, and one that lost its data joins anew.

Needs an etcd on the PATH, root and namespaces; skipped with its reason.  Whole drills on it:
KAIPIAO_LAB_DRILLS=1 (test_drills.py).
"""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kaipiao.app.bundles import make_bundles, put_in_place
from kaipiao.app.drill_lab import standing_in
from kaipiao.continuity.cluster import etcd_start
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.etcd import compose_orders, place_of, render_orders
from kaipiao.continuity.cluster.places import Tls, home_of
from kaipiao.continuity.cluster.store import StoreView, look_at_store
from kaipiao.continuity.lab import spaces
from kaipiao.continuity.lab.lab import CLIENT, Lab
from kaipiao.continuity.lab.refused import LabRefused
from kaipiao.continuity.lab.three import ETCD as DCS
from kaipiao.continuity.lab.three import compose_three
from tests.unit.continuity.clusters import describe

ETCD = shutil.which("etcd")
WELL_WITHIN_S = 30.0

pytestmark = pytest.mark.skipif(ETCD is None, reason="there is no etcd on the PATH")


class Three:
    """The etcds of n1, n2 and n3."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.cluster: Description = lab.description
        self.client = spaces.RUN / lab.space(CLIENT)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, member: Member) -> None:
        home = home_of(self.cluster, member)
        place, secrets = place_of(home), Tls(home.secrets / "tls")
        place.data.mkdir(parents=True, exist_ok=True)
        assert ETCD
        orders = compose_orders(self.cluster, member, home, Path(ETCD))
        orders |= {"authority": str(secrets.authority), "certificate": str(secrets.member)}
        place.orders.write_bytes(render_orders(orders))
        command = [sys.executable, "-I", etcd_start.__file__, str(place.orders)]
        with (place.folder / "etcd.log").open("ab") as log:
            self.running[member.name] = self.lab.spawn(member.name, command, output=log)

    def lose(self, name: str) -> None:
        """The process and the disk."""
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()
        shutil.rmtree(place_of(home_of(self.cluster, self.cluster.member(name))).data)

    def await_well(self) -> StoreView:
        until = time.monotonic() + WELL_WITHIN_S
        while True:
            view = look_at_store(self.cluster)
            assert view is not None
            if view.has_quorum and all(one.is_healthy for one in view.members):
                return view
            assert time.monotonic() < until, view
            time.sleep(0.1)
            self.restart()

    def restart(self) -> None:
        """As a member's supervisor does: what had to wait for the others is started again."""
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                self.start(self.cluster.member(name))

    def ids(self) -> dict[str, str]:
        first = home_of(self.cluster, self.cluster.members[0])
        orders = json.loads(place_of(first).orders.read_bytes())
        listed = etcd_start.Cluster(orders).listed() or []
        return {one["name"]: one["ID"] for one in listed}


@pytest.fixture
def three(scratch: Path) -> Iterator[Three]:
    name = f"e{scratch.name[-8:]}".replace("_", "-").lower()
    lab = Lab(describe(scratch, compose_three("{folder}", name=name, dcs=DCS)))
    try:
        lab.make()
    except LabRefused as why:
        pytest.skip(str(why))
    try:
        make_bundles(lab.description, scratch / "bundles")
        put_in_place(lab.description, scratch / "bundles")
        three = Three(lab)
        for member in lab.description.members:
            three.start(member)
        yield three
    finally:
        lab.down()


async def test_one_that_lost_its_disk_comes_back_as_another(three: Three) -> None:
    with standing_in(three.client):
        assert three.await_well().leader in ("n1", "n2", "n3")
        before = three.ids()

        three.lose("n3")
        three.start(three.cluster.member("n3"))
        three.await_well()

        after = three.ids()
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {"n3"}


async def test_nobody_without_a_certificate_is_answered(three: Three) -> None:
    address = three.cluster.members[0].address
    with standing_in(three.client):
        three.await_well()
        with socket.create_connection((address, three.cluster.ports.etcd), timeout=5) as plain:
            plain.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            assert b"health" not in plain.recv(1_000)
