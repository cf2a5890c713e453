"""What Patroni is told, judged by what must hold and by Patroni itself."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from kaipiao.continuity.cluster.description import Description
from kaipiao.continuity.cluster.launcher import VERSION, check_version
from kaipiao.continuity.cluster.patroni import (
    compose_logins,
    compose_patroni,
    compose_voter,
    render_patroni,
)
from kaipiao.continuity.cluster.places import Home, home_of
from kaipiao.continuity.cluster.secrets import LOGINS, BundleMissing
from kaipiao.ledger.embedded.passwords import keep_password
from kaipiao.ledger.embedded.programs import find_programs
from kaipiao.ledger.embedded.settings import TEST_SIZE
from tests.unit.continuity.clusters import describe, with_bundles

needs_patroni = pytest.mark.skipif(
    find_spec("patroni") is None, reason="Patroni is not installed (the extra `cluster`)"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Description:
    return with_bundles(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="module")
def home(cluster: Description) -> Home:
    return home_of(cluster, cluster.member("n1"))


@pytest.fixture(scope="module")
def told(cluster: Description, home: Home) -> dict[str, Any]:
    return compose_patroni(cluster, cluster.member("n1"), home, find_programs(), TEST_SIZE)


def test_nothing_is_acknowledged_by_one_member_alone(told: dict[str, Any]) -> None:
    shared = told["bootstrap"]["dcs"]

    assert shared["synchronous_mode"] == "quorum"
    assert shared["synchronous_mode_strict"] is True
    assert shared["synchronous_node_count"] >= 1
    assert told["postgresql"]["parameters"]["synchronous_commit"] == "on"
    assert told["postgresql"]["parameters"].get("fsync", "on") == "on"


def test_an_old_primary_gives_up_before_another_may_begin(told: dict[str, Any]) -> None:
    shared = told["bootstrap"]["dcs"]

    assert shared["loop_wait"] + 2 * shared["retry_timeout"] <= shared["ttl"]


def test_nobody_is_trusted_and_only_members_may_knock(cluster: Description) -> None:
    lines = [line.split() for line in compose_logins(cluster)]

    assert {line[-1] for line in lines} == {"scram-sha-256"}
    assert {line[3] for line in lines if line[0] == "host"} == {"192.0.2.1/32", "192.0.2.2/32"}
    assert {line[0] for line in lines} == {"local", "host"}


def test_an_old_primary_can_be_wound_back_to_the_new_one(told: dict[str, Any]) -> None:
    shared = told["bootstrap"]["dcs"]["postgresql"]

    assert shared["use_pg_rewind"] is True
    assert shared["parameters"]["wal_log_hints"] == "on"


def test_pages_carry_checksums(told: dict[str, Any]) -> None:
    assert "data-checksums" in told["bootstrap"]["initdb"]


def test_the_rafts_talk_in_secret(cluster: Description, told: dict[str, Any], home: Home) -> None:
    assert told["raft"]["password"] == keep_password(home.secrets, "kaipiao_raft")
    assert told["raft"]["partner_addrs"] == ["192.0.2.2:2222", "192.0.2.3:2222"]


def test_a_voter_knows_no_password_of_the_database(cluster: Description) -> None:
    voter = cluster.member("n3")
    home = home_of(cluster, voter)

    said = render_patroni(compose_voter(cluster, voter, home)).decode()

    for name in set(LOGINS) - {"kaipiao_raft"}:
        assert keep_password(home.secrets, name) not in said


def test_without_its_bundle_a_member_makes_no_password_of_its_own(tmp_path: Path) -> None:
    cluster = describe(tmp_path)
    home = home_of(cluster, cluster.member("n1"))
    home.secrets.mkdir(parents=True)

    with pytest.raises(BundleMissing) as missing:
        compose_patroni(cluster, cluster.member("n1"), home, find_programs(), TEST_SIZE)

    assert missing.value.missing == LOGINS
    assert not list(home.secrets.iterdir())


@needs_patroni
def test_patroni_itself_objects_to_the_lowered_floors_and_to_nothing_else(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    path = tmp_path / "patroni.yml"
    raft = told["raft"] | {"partner_addrs": ["127.0.0.1:9"]}  # it tries to reach them: nobody is
    path.write_bytes(render_patroni(told | {"raft": raft}))

    judged = subprocess.run(
        [sys.executable, "-m", "patroni", "--validate-config", "--ignore-listen-port", str(path)],
        capture_output=True,
        text=True,
    )

    objections = {line.split()[0] for line in judged.stderr.splitlines() if line.strip()}
    assert objections == {
        "bootstrap.dcs.ttl",
        "bootstrap.dcs.retry_timeout",
        "raft.partner_addrs",
    }


@needs_patroni
def test_the_launcher_lowers_the_floors_and_no_further() -> None:
    ask = """
from kaipiao.continuity.cluster.launcher import lower_floors
lower_floors()
import json
from patroni.config import Config
config = Config.__new__(Config)
config._Config__DEFAULT_CONFIG = Config._Config__DEFAULT_CONFIG
def adjusted(**given):
    config._validate_and_adjust_timeouts(given)
    return given
print(json.dumps([adjusted(ttl=5, loop_wait=1, retry_timeout=2),
                  adjusted(ttl=2, loop_wait=1, retry_timeout=1)]))
"""
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    ours = {"ttl": 5, "loop_wait": 1, "retry_timeout": 2}

    assert json.loads(done.stdout.splitlines()[-1]) == [ours, ours]


@needs_patroni
def test_only_members_confirm_commits_even_while_no_standby_is_there() -> None:
    """``*`` would count a backup's stream, or the copy that a new standby is made of."""
    ask = """
from types import SimpleNamespace
from kaipiao.continuity.cluster.launcher import count_members_only
count_members_only("n2,n3")
from patroni.postgresql.config import ConfigHandler
config = ConfigHandler.__new__(ConfigHandler)
config._server_parameters = {}
config._postgresql = SimpleNamespace(state="stopped")
for value in ("ANY 1 (*)", "*", "ANY 1 (n2)", None):
    config.set_synchronous_standby_names(value)
    print(config._server_parameters.get("synchronous_standby_names"))
"""
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ['ANY 1 ("n2","n3")', '"n2","n3"', "ANY 1 (n2)", "None"]


@needs_patroni
def test_patroni_leaves_that_state_as_soon_as_a_member_streams() -> None:
    """Its own resolver, given what it will read back."""
    from patroni.quorum import QuorumStateResolver

    def resolve(active: set[str]) -> list[Any]:
        state = {"quorum": 0, "voters": set[str](), "numsync": 1, "sync": {"n2", "n3"}}
        return list(
            QuorumStateResolver(
                leader="n1",
                leader_wanted="n1",
                numsync_confirmed=len(active),
                active=active,
                sync_wanted=1,
                **state,
            )
        )

    assert [(step[0], step[2], set(step[3])) for step in resolve({"n2"})] == [
        ("sync", 1, {"n2"}),
        ("quorum", 0, {"n2"}),
    ]
    assert [(step[0], set(step[3])) for step in resolve(set())] == [("sync", set())]


@pytest.mark.parametrize("other", ["4.1.4", "4.1.6", "4.2.0", "3.3.8"])
def test_another_patroni_is_refused_with_what_to_type(other: str) -> None:
    with pytest.raises(SystemExit, match=f"pip install .*{VERSION}"):
        check_version(other)
