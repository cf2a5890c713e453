"""Backups on the command line."""

import subprocess
import sys
from pathlib import Path


def test_a_folder_is_meant_as_seen_from_where_one_stands(tmp_path: Path) -> None:
    """The database's own tools run elsewhere: a relative name would be another folder to them."""
    (tmp_path / "backups").mkdir()
    asked = subprocess.run(
        [
            *(sys.executable, "-c", "from kaipiao.cli.main import main; main()"),
            *("--lang", "en", "backup", "verify", "--folder", "backups"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert asked.returncode == 1
    assert f"To make one: kaipiao backup --folder {tmp_path}/backups" in asked.stderr
