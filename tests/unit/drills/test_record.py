"""What is kept of a drill says of what, when and where, and overwrites nothing."""

import json
import subprocess
from pathlib import Path

from drills.kills import Outcome
from drills.record import commit, describe, fresh, render

OUTCOME = Outcome(
    seed=1,
    kills={"worker": 1},
    seconds=1.0,
    told_yes=1,
    stored=1,
    leaves=1,
    checkpoints_seen=1,
    proofs_verified=1,
    answers={"yes": 1},
    back_s={},
    findings=[],
)


def test_a_result_says_of_what_when_and_where(tmp_path: Path) -> None:
    kept = json.loads(render(describe(tmp_path), "kills", OUTCOME))

    assert {"date", "version", "commit", "machine", "drill", "findings"} <= kept.keys()
    assert kept["machine"]["cores"] >= 1


def test_a_result_takes_a_name_that_is_free(tmp_path: Path) -> None:
    for number in (1, 2):
        path = fresh(tmp_path, "2026-11-25")
        path.touch()
        assert path.name == f"2026-11-25-{number}.json"


def test_a_commit_says_whether_files_differ_from_it(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        names = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *names, *words], cwd=tmp_path, check=True, capture_output=True)

    assert commit(tmp_path) == "unknown"
    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "one")
    clean = commit(tmp_path)
    (tmp_path / "file").write_text("2")

    assert len(clean) == 12
    assert commit(tmp_path) == clean + "+"
