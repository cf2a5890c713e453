"""``kaipiao cluster`` says what to do where it does nothing."""

from pathlib import Path

import pytest

from kaipiao.app.bundles import make_bundles, put_in_place
from kaipiao.cli import exits
from kaipiao.cli.main import run
from kaipiao.continuity.cluster.description import read_description

TEXT = """
name = "nowhere"
area = 33
folder = "{folder}"
[ports]
patroni = 1
[[member]]
name = "n1"
address = "127.0.0.1"
[[member]]
name = "n2"
address = "127.0.0.2"
[[member]]
name = "n3"
address = "127.0.0.3"
"""


@pytest.fixture
def file(scratch: Path) -> Path:
    file = scratch / "cell.toml"
    file.write_text(TEXT.format(folder=scratch / "cell"))
    return file


def test_real_machines_are_started_one_by_one(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--lang", "en", "cluster", "up", str(file)]) == exits.USAGE
    assert f"kaipiao node up --member NAME {file}" in capsys.readouterr().err


def test_a_cluster_that_is_silent_cannot_issue_and_says_whom_to_start(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    description = read_description(file)
    make_bundles(description, file.parent / "bundles")
    put_in_place(description, file.parent / "bundles")

    assert run(["--lang", "en", "cluster", "status", str(file)]) == exits.OUTAGE
    told = capsys.readouterr().out
    assert "No member answers" in told
    assert "kaipiao node up --member n2" in told


def test_without_the_cluster_s_certificates_nobody_is_asked(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--lang", "en", "cluster", "status", str(file)]) == exits.USAGE
    assert "Type kaipiao cluster init" in capsys.readouterr().err


def test_where_no_lab_is_there_is_nothing_to_take_down(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--lang", "en", "cluster", "down", str(file)]) == exits.OK
    assert "There is no lab." in capsys.readouterr().out
