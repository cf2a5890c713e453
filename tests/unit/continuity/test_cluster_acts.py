"""An act is done through Patroni, or refused with the reason before anything is touched.

Patroni is a stand-in that answers as 4.1.5 does, one for each member, on an address of its own.
"""

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kaipiao.continuity.cluster import acts
from kaipiao.continuity.cluster.certificates import issue, make_authority, open_authority
from kaipiao.continuity.cluster.description import Dcs, Description, Member, Ports
from kaipiao.continuity.cluster.places import Tls, home_of
from kaipiao.continuity.cluster.secrets import Login
from kaipiao.continuity.cluster.tls import FOLDER, tls_of
from kaipiao.continuity.cluster.view import NOTE

ADDRESSES = {"n1": "127.0.0.1", "n2": "127.0.0.2", "n3": "127.0.0.3"}
KEY = Login("patroni", "right")
RIGHT = "Basic cGF0cm9uaTpyaWdodA=="


class Cluster:
    """What the three stand-ins share; n1 leads, n2 is in the quorum, n3 is not."""

    def __init__(self) -> None:
        self.leader = "n1"
        self.config: dict[str, Any] = {}
        self.history: list[list[Any]] = []
        self.asked: list[str] = []
        self.says_no = False

    def roles(self) -> dict[str, str]:
        standby = "n2" if self.leader == "n1" else "n1"
        return {self.leader: "leader", standby: "quorum_standby", "n3": "replica"}

    def answer(self, name: str, what: str) -> object:
        if what == "patroni":
            return {"state": "running", "role": "primary" if name == self.leader else "replica"}
        members = [
            {"name": one, "role": role, "state": "running", "timeline": 1}
            for one, role in self.roles().items()
        ]
        paused = {"pause": True} if self.config.get("pause") else {}
        return {
            "cluster": {"members": members, **paused},
            "history": self.history,
            "config": self.config,
        }[what]

    def act(self, method: str, what: str, body: dict[str, Any]) -> int:
        self.asked.append(f"{method} {what}")
        if method == "PATCH":
            self.config = {k: v for k, v in {**self.config, **body}.items() if v is not None}
        elif self.says_no:
            return 503
        elif what == "switchover":
            self.leader = body["candidate"] or "n2"
            line = [1, 1, "no recovery target specified", "2026-11-25T12:00:00+00:00", self.leader]
            self.history.append(line)
        return 200


def handler(cluster: Cluster, name: str) -> type[BaseHTTPRequestHandler]:
    class StandIn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(200, cluster.answer(name, self.path.strip("/")))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers["Authorization"] != RIGHT:
                self.reply(401, "no auth header received")
            else:
                self.reply(cluster.act(self.command, self.path.strip("/"), body), "said")

        do_PATCH = do_POST

        def reply(self, code: int, body: object) -> None:
            content = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    return StandIn


def certify(described: Description) -> None:
    """A certificate for every member, where its own machine has it."""
    authority, now = described.folder / "authority", datetime.now(UTC)
    make_authority(authority, described.name, now=now)
    for member in described.members:
        folder = home_of(described, member).secrets / FOLDER
        issue(open_authority(authority), described, member, folder, now=now)


def listen_by_tls(server: ThreadingHTTPServer, tls: Tls) -> None:
    """As Patroni does with ``verify_client: required``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tls.authority))
    context.load_cert_chain(tls.member)
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def description(cluster: Cluster, tmp_path: Path) -> Iterator[Description]:
    first = ThreadingHTTPServer((ADDRESSES["n1"], 0), handler(cluster, "n1"))
    port = first.server_address[1]
    others = [
        ThreadingHTTPServer((ADDRESSES[name], port), handler(cluster, name))
        for name in ("n2", "n3")
    ]
    servers = [first, *others]
    members = tuple(Member(name, address) for name, address in ADDRESSES.items())
    ports = Ports(patroni=port)
    described = Description("t", 33, tmp_path, Dcs(), ports, members, {}, Path("/t.toml"))
    certify(described)
    for name, server in zip(ADDRESSES, servers, strict=True):
        listen_by_tls(server, tls_of(home_of(described, described.member(name)).secrets))
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield described
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_switchover_is_noted_before_it_is_done(
    cluster: Cluster, description: Description
) -> None:
    view = acts.switchover(description, KEY, to="n2", by="wang", why="new memory")

    assert cluster.asked == ["PATCH config", "POST switchover"]
    assert view.leader == "n2"
    assert view.last_switch is not None
    assert (view.last_switch.by, view.last_switch.why) == ("wang", "new memory")


def test_a_switchover_that_patroni_refuses_leaves_no_note(
    cluster: Cluster, description: Description
) -> None:
    """Else the next failover would be told as what somebody had asked for."""
    cluster.says_no = True

    with pytest.raises(acts.ActRefused, match="Patroni said no"):
        acts.switchover(description, KEY, by="wang")
    assert NOTE not in cluster.config


@pytest.mark.parametrize(
    ("to", "why"), [("n3", "could lose"), ("n1", "leads already"), ("n9", "no such member")]
)
def test_an_unsafe_switchover_is_refused_before_anything_is_asked(
    cluster: Cluster, description: Description, to: str, why: str
) -> None:
    with pytest.raises(Exception, match=why):
        acts.switchover(description, KEY, to=to, by="wang")
    assert cluster.asked == []


def test_the_primary_is_never_made_anew(cluster: Cluster, description: Description) -> None:
    with pytest.raises(acts.ActRefused, match="not thrown away"):
        acts.reinit(description, KEY, "n1")
    assert cluster.asked == []

    acts.reinit(description, KEY, "n3")
    assert cluster.asked == ["POST reinitialize"]


def test_a_pause_is_known_by_all_and_ended_by_resume(description: Description) -> None:
    assert acts.pause(description, KEY).is_paused
    assert not acts.resume(description, KEY).is_paused


def test_a_wrong_password_is_told_as_another_clusters_bundle(description: Description) -> None:
    with pytest.raises(acts.ActRefused, match="not this cluster's"):
        acts.pause(description, Login("patroni", "wrong"))
