"""The systemd unit starts the member again for ever, and lets it stop in order."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kaipiao.continuity.cluster.node import CELL_STOP_S, PATRONI_STOP_S, ROUTE_STOP_S
from kaipiao.continuity.cluster.units import STOP_S, render_unit, unit_name, write_unit
from tests.unit.continuity.clusters import describe


def test_the_unit_waits_longer_than_the_member_takes_to_stop() -> None:
    assert STOP_S > CELL_STOP_S + ROUTE_STOP_S + PATRONI_STOP_S


def test_a_path_with_strange_letters_is_still_one_word(tmp_path: Path) -> None:
    folder = tmp_path / "50 % of $HOME"
    folder.mkdir()
    cluster = describe(folder)

    text = render_unit(cluster, cluster.member("n1"), ["/bin/kaipiao"])

    command = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    assert command.endswith("50 %% of $$HOME/cluster.toml'")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_itself_finds_no_fault(tmp_path: Path) -> None:
    cluster = describe(tmp_path)
    path = tmp_path / unit_name(cluster, cluster.member("n1"))
    write_unit(render_unit(cluster, cluster.member("n1"), ["/bin/true"]), path)

    judged = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False
    )

    ours = [line for line in judged.stderr.splitlines() if path.name in line]
    assert ours == []
