"""A lab's names and addresses follow from its description, and its processes from what they run."""

from pathlib import Path

import pytest

from kaipiao.continuity.cluster.description import Dcs, Description, Member, Ports
from kaipiao.continuity.lab.lab import Lab
from kaipiao.continuity.lab.refused import LabRefused
from kaipiao.continuity.lab.roles import head_of


def lab(*members: Member) -> Lab:
    return Lab(Description("t", 33, Path("/"), Dcs(), Ports(), members, {}, Path("/t.toml")))


def test_each_member_has_a_place_and_so_has_the_client() -> None:
    made = lab(Member("n1", "192.0.2.1"), Member("n2", "192.0.2.2"))

    assert made.addresses == {"n1": "192.0.2.1", "n2": "192.0.2.2", "c": "192.0.2.9"}
    assert made.space("n1") == "kp-t-n1"


@pytest.mark.parametrize(
    "second",
    [
        Member("n2", "198.51.100.2"),  # another network
        Member("n2", "192.0.2.9"),  # the client's
        Member("c", "192.0.2.2"),
        Member("sw", "192.0.2.2"),
    ],
)
def test_a_description_that_does_not_suit_a_lab_is_refused(second: Member) -> None:
    with pytest.raises(LabRefused, match="/24"):
        lab(Member("n1", "192.0.2.1"), second)


@pytest.mark.parametrize(
    ("line", "role"),
    [
        ("/opt/pg/bin/postgres -D /d/n1/postgres/data", "postgres"),
        ("postgres: t: checkpointer", None),
        ("/usr/bin/python3 -I -u /s/cluster/launcher.py /v member /d/patroni.yml", "patroni"),
        ("/v/bin/envoy -c /d/route.yaml", "route"),
        ("/v/bin/python /v/bin/kaipiao node up --member n1 f.toml", "node"),
        ("/v/bin/python /v/bin/kaipiao up --data /d/cell", "cell"),
        ("sleep 100", None),
    ],
)
def test_a_process_is_known_by_what_it_runs(line: str, role: str | None) -> None:
    assert head_of(line.split(" ")) == role
