"""A cluster is described in one file, and a wrong one is told all its faults at once."""

from pathlib import Path

import pytest

from kaipiao.continuity.cluster.description import DescriptionWrong, Ports, read_description

GOOD = """
name = "zhejiang-1"
area = 33
folder = "/srv/kaipiao"
[dcs]
kind = "raft"
[ports]
postgres = 5440
[[member]]
name = "n1"
address = "192.0.2.1"
site = "hz"
[[member]]
name = "n2"
address = "192.0.2.2"
[[member]]
name = "n3"
address = "192.0.2.3"
role = "vote"
[settings]
workers = 1
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "cluster.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(DescriptionWrong) as wrong:
        read_description(write(folder, text))
    return sorted(fault.where for fault in wrong.value.faults)


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    cluster = read_description(write(tmp_path, GOOD))

    assert (cluster.name, cluster.area, cluster.folder) == ("zhejiang-1", 33, Path("/srv/kaipiao"))
    assert cluster.ports == Ports(postgres=5440)
    assert [member.name for member in cluster.members] == ["n1", "n2", "n3"]
    assert [member.name for member in cluster.with_data] == ["n1", "n2"]
    assert cluster.settings == {"workers": 1}
    assert cluster.file == tmp_path / "cluster.toml"


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    wrong = GOOD.replace('"zhejiang-1"', '"Zhejiang"').replace("area = 33", "area = 3")
    wrong = wrong.replace('address = "192.0.2.2"', 'address = "here"').replace('"vote"', '"king"')
    wrong = wrong.replace("postgres = 5440", "postgres = 8008\nhttps = 1")

    assert faults(tmp_path, wrong) == [
        *("area", "member[2].address", "member[3].role", "name", "ports", "ports.https"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ('kind = "raft"', 'kind = "etcd"', ["dcs.endpoints"]),
        ('kind = "raft"', 'endpoints = ["http://a:1"]', ["dcs.endpoints"]),
        ('kind = "raft"', 'kind = "etcd"\nendpoints = ["a:1"]', ["dcs.endpoints"]),
        ('kind = "raft"', 'kind = "raft"\nrun = true', ["dcs.run"]),
        (
            'kind = "raft"',
            'kind = "etcd"\nrun = true\nendpoints = ["http://a:1"]',
            ["dcs.endpoints"],
        ),
        ('kind = "raft"', 'kind = "etcd"\nrun = true\nbinary = "etcd"', ["dcs.binary"]),
        ('kind = "raft"', 'kind = "etcd"\nrun = true\nuser = "kaipiao"', ["dcs.user"]),
        (
            'kind = "raft"',
            'kind = "etcd"\nendpoints = ["http://a:1", "https://b:1"]',
            ["dcs.endpoints", "member"],
        ),
        ('name = "n2"', 'name = "n1"', ["member.name"]),
        ('"192.0.2.2"', '"192.0.2.1"', ["member.address"]),
        ('name = "n2"\n', 'name = "n2"\nrole = "vote"\n', ["member"]),
        ("workers = 1", 'workers = 1\ndsn = "postgresql:///"', ["settings.dsn"]),
        ('"/srv/kaipiao"', '"srv"', ["folder"]),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, before: str, after: str, where: list[str]
) -> None:
    assert faults(tmp_path, GOOD.replace(before, after)) == where


def test_two_members_are_too_few(tmp_path: Path) -> None:
    two = GOOD.replace('[[member]]\nname = "n3"\naddress = "192.0.2.3"\nrole = "vote"\n', "")

    assert faults(tmp_path, two) == ["member"]


def test_what_is_not_toml_is_said_to_be_none(tmp_path: Path) -> None:
    assert faults(tmp_path, "name = ") == ["-"]


def test_a_member_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    cluster = read_description(write(tmp_path, GOOD))

    with pytest.raises(DescriptionWrong, match="n1, n2, n3"):
        cluster.member("n9")


def test_a_folder_too_long_for_the_databases_socket_is_refused_with_how_long_it_may_be(
    tmp_path: Path,
) -> None:
    def with_folder(length: int) -> str:
        return GOOD.replace("/srv/kaipiao", "/" + "f" * (length - 1))

    with pytest.raises(DescriptionWrong) as wrong:
        read_description(write(tmp_path, with_folder(120)))
    (fault,) = wrong.value.faults
    most = int(fault.en.split("a path of ")[1].split()[0])

    assert fault.where == "folder"
    assert read_description(write(tmp_path, with_folder(most))).folder.name == "f" * (most - 1)
    with pytest.raises(DescriptionWrong):
        read_description(write(tmp_path, with_folder(most + 1)))
