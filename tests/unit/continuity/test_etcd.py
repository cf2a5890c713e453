"""An etcd of ours founds, goes on or comes back, and never under a memory that it lost."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kaipiao.app.bundles import make_bundles
from kaipiao.continuity.cluster.etcd import check_version, compose_orders, place_of
from kaipiao.continuity.cluster.etcd_start import Cluster, Membership, compose_command, join
from kaipiao.continuity.cluster.patroni import compose_patroni
from kaipiao.continuity.cluster.places import Home, Tls, home_of
from kaipiao.continuity.cluster.store import StoreMember, StoreView, compose_member
from kaipiao.continuity.cluster.store_secrets import StoreSecretsMissing
from kaipiao.continuity.cluster.store_words import store_summary, store_troubles
from kaipiao.continuity.cluster.tls import tls_of
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.programs import find_programs
from kaipiao.ledger.embedded.settings import TEST_SIZE
from tests.unit.continuity.clusters import TEXT, describe

OURS = TEXT.replace('kind = "raft"', 'kind = "etcd"\nrun = true').replace("192.0.2.", "127.0.0.")
THEIRS = """kind = "etcd"
endpoints = ["https://etcd.example:2379"]
user = "kaipiao"
"""
URL = "https://127.0.0.{}:2380"


class StandIn:
    """The etcd of n2, as 3.4 answers its gateway; it asks its callers for a certificate."""

    def __init__(self) -> None:
        self.members = [
            {"ID": str(n), "name": f"n{n}", "peerURLs": [URL.format(n)], "clientURLs": ["there"]}
            for n in (1, 2, 3)
        ]
        self.has_quorum = True
        self.asked: list[tuple[str, Any]] = []

    def answer(self, act: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if act == "list":
            return 200, {"members": self.members}
        if not self.has_quorum:
            return 503, {"error": "etcdserver: request timed out"}
        self.asked.append((act, body))
        return 200, {}

    @contextmanager
    def listening(self, tls: Tls) -> Iterator[int]:
        asked = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                code, said = asked.answer(self.path.rpartition("/")[2], body)
                content = json.dumps(said).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tls.authority))
        context.load_cert_chain(tls.member)
        context.verify_mode = ssl.CERT_REQUIRED
        with ThreadingHTTPServer(("127.0.0.2", 0), Handler) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            yield server.server_address[1]
            server.shutdown()


@pytest.fixture
def etcd() -> StandIn:
    return StandIn()


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    make_bundles(describe(folder, OURS), folder)
    return folder


@pytest.fixture
def orders(tmp_path: Path, etcd: StandIn, bundles: Path) -> Iterator[dict[str, Any]]:
    """Those of n1, whose data is not there; of the others n2 answers."""
    cluster, tls = describe(tmp_path, OURS), tls_of(bundles / "n1" / "secrets")
    member, home = cluster.member("n1"), home_of(cluster, cluster.member("n1"))
    place_of(home).data.mkdir(parents=True)
    told = compose_orders(cluster, member, home, Path("/usr/bin/etcd"))
    with etcd.listening(tls_of(bundles / "n2" / "secrets")) as port:
        yield told | {
            "client_port": port,
            "authority": str(tls.authority),
            "certificate": str(tls.member),
        }


def joined(orders: dict[str, Any]) -> Membership:
    return join(orders, Cluster(orders))


def nobody(orders: dict[str, Any]) -> dict[str, Any]:
    return orders | {"client_port": 1}


def test_the_first_that_is_alone_founds_the_cluster(orders: dict[str, Any]) -> None:
    assert joined(nobody(orders)).state == "new"


def test_one_that_has_its_data_goes_on_and_asks_nobody(orders: dict[str, Any]) -> None:
    (Path(orders["data"]) / "member").mkdir()

    assert joined(nobody(orders)).state == "existing"


def test_one_that_lost_its_data_does_not_come_back_under_its_old_identity(
    orders: dict[str, Any], etcd: StandIn
) -> None:
    found = joined(orders)

    assert etcd.asked == [("remove", {"ID": "1"}), ("add", {"peerURLs": [URL.format(1)]})]
    assert found == Membership("existing", {f"n{n}": URL.format(n) for n in (1, 2, 3)})


def test_one_that_lost_its_data_waits_for_the_others(orders: dict[str, Any]) -> None:
    Path(orders["mark"]).touch()

    with pytest.raises(SystemExit, match="waits"):
        joined(nobody(orders))


def test_without_a_quorum_nobody_is_removed_and_it_tries_again(
    orders: dict[str, Any], etcd: StandIn
) -> None:
    etcd.has_quorum = False

    with pytest.raises(SystemExit, match="remove"):
        joined(orders)


def test_one_that_was_never_alive_joins_as_it_was_asked_to(
    orders: dict[str, Any], etcd: StandIn
) -> None:
    """The others were faster in founding, or it was added and died before it began."""
    etcd.members[0] = {"ID": "1", "peerURLs": [URL.format(1)]}

    assert joined(orders).state == "existing"
    assert etcd.asked == []


def test_a_member_that_is_new_to_the_others_is_added(orders: dict[str, Any], etcd: StandIn) -> None:
    del etcd.members[0]

    assert joined(orders).urls == {f"n{n}": URL.format(n) for n in (1, 2, 3)}
    assert etcd.asked == [("add", {"peerURLs": [URL.format(1)]})]


def test_it_listens_to_members_only_and_no_secret_is_an_argument(orders: dict[str, Any]) -> None:
    command = compose_command(orders, Membership("new", {}))

    assert f"--listen-client-urls=https://127.0.0.1:{orders['client_port']}" in command
    assert {"--client-cert-auth=true", "--peer-client-cert-auth=true"} < set(command)
    assert {"--heartbeat-interval=50", "--election-timeout=500"} < set(command)
    assert not [word for word in command if "http://" in word or "password" in word]


@pytest.mark.parametrize("version", [(3, 5, 1), (3, 3, 9), None])
def test_an_etcd_that_may_lose_data_is_refused(version: tuple[int, ...] | None) -> None:
    with pytest.raises(DatabaseWontStart):
        check_version("/usr/bin/etcd", version)
    check_version("/usr/bin/etcd", (3, 4, 23))
    check_version("/usr/bin/etcd", (3, 6, 0))


def test_what_the_operators_etcd_asks_for_comes_in_the_bundles(tmp_path: Path) -> None:
    text = TEXT.replace('role = "vote"', "").replace('kind = "raft"', THEIRS)
    cluster = describe(tmp_path, text)
    given = tmp_path / "given"
    given.mkdir()
    (given / "ca.crt").write_text("whom we believe")
    with pytest.raises(StoreSecretsMissing, match="password of your etcd"):
        make_bundles(cluster, tmp_path / "bundles", etcd=given)

    (given / "password").write_text("open sesame\n")
    make_bundles(cluster, tmp_path / "bundles", etcd=given)
    home = Home(tmp_path / "n2")
    home.cell.mkdir(parents=True)
    home.secrets.symlink_to(tmp_path / "bundles" / "n2" / "secrets")
    home.store_files.mkdir(parents=True)
    (home.store_files / "ca.crt").touch()
    told = compose_patroni(cluster, cluster.member("n2"), home, find_programs(), TEST_SIZE)

    assert told["etcd3"] == {
        "hosts": ["etcd.example:2379"],
        "protocol": "https",
        "username": "kaipiao",
        "password": "open sesame",
        "cacert": str(home.store_files / "ca.crt"),
    }
    assert (home.secrets / "etcd" / "password").stat().st_mode & 0o077 == 0


STATUS = {
    "header": {"member_id": "7"},
    "version": "3.5.21",
    "dbSize": "73728",
    "leader": "7",
}


def view(*well: bool, faults: tuple[str, ...] = ()) -> StoreView:
    members = [
        compose_member(f"n{n}", STATUS | {"leader": "7" if n == 1 else "8"}, is_healthy=one)
        if one
        else StoreMember(name=f"n{n}", is_reachable=bool(faults), faults=faults)
        for n, one in enumerate(well, 1)
    ]
    return StoreView(members=tuple(members))


def test_an_etcd_that_is_well_is_told_in_one_line() -> None:
    assert store_summary(view(True, True, True)).en == (
        "etcd 3.5.21: n1 leads, 3 of 3 are well, 72 KiB."
    )
    assert store_troubles(view(True, True, True)) == []


def test_an_etcd_without_a_majority_is_told_for_what_it_means() -> None:
    assert "nobody takes over" in store_summary(view(True, False, False)).en
    assert [one.en for one in store_troubles(view(True, True, False))] == [
        "etcd n3 does not answer."
    ]


def test_a_full_etcd_is_told_with_what_ends_it() -> None:
    full = view(True, True, False, faults=("memberID:7 alarm:NOSPACE ",))

    assert "alarm disarm" in store_troubles(full)[0].en
