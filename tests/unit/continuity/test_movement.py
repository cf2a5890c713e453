"""What still moves on a member that answers nobody is seen from outside."""

import shutil
import subprocess
import time
from pathlib import Path

from kaipiao.continuity.cluster.movement import copiers, end_copiers, read_movement


def test_a_rewind_of_this_data_is_seen_and_ended_and_no_other(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    running = [
        subprocess.Popen(
            ["sh", "-c", f'exec -a pg_rewind sh -c "sleep 30" -D "{data}"; true'],
            executable=shutil.which("bash"),
        )
        for data in (ours, theirs)
    ]
    try:
        deadline = time.monotonic() + 5.0
        while copiers(ours) != [running[0].pid] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert copiers(ours) == [running[0].pid]
        end_copiers(ours)
        running[0].wait(5.0)
        assert copiers(ours) == []
        assert copiers(theirs) == [running[1].pid]
    finally:
        for one in running:
            one.kill()
            one.wait()


def test_where_nothing_runs_nothing_moves(tmp_path: Path) -> None:
    assert read_movement(tmp_path) == ("", 0)
