"""``./run`` needs nothing but Python, says what to do when something is missing, and stays calm."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.files import ROOT

SOURCE = (ROOT / "run").read_text("utf-8")


def start(*arguments: str, root: Path = ROOT, cwd: Path | None = None, **env: str) -> str:
    """Start ``run`` by its shebang and give all that it said, and its exit code."""
    done = subprocess.run(
        [root / "run", *arguments],
        cwd=cwd,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.stdout}{done.stderr}exit {done.returncode}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project that has never been set up."""
    for name in ("run", "pyproject.toml", "uv.lock", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_it_needs_only_the_standard_library() -> None:
    names = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])

    assert names <= sys.stdlib_module_names


def test_an_old_python_can_read_it_and_gets_a_sentence() -> None:
    ast.parse(SOURCE, feature_version=(3, 7))
    old = f"import sys; sys.version_info = (3, 9); sys.argv = ['run', 'demo']\n{SOURCE}"
    done = subprocess.run([sys.executable, "-c", old], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("Kaipiao needs Python 3.11 or newer. Type: python3.")
    assert done.stderr.endswith(" run demo\n")


def test_help_lists_the_commands_of_the_house_from_anywhere(tmp_path: Path) -> None:
    said = start("help", cwd=tmp_path)
    listed = {line.split()[1] for line in said.splitlines() if line.startswith("./run ")}

    assert said.endswith("exit 0")
    assert listed == {"demo", "test", "check", "docs", "lock", "shape", "help"}
    assert start(cwd=tmp_path) == said


def test_shape_never_fails_and_needs_no_set_up(copy: Path) -> None:
    shutil.copytree(ROOT / ".ci", copy / ".ci")
    room = copy / "src/kaipiao/room"
    room.mkdir(parents=True)
    (room / "broken.py").write_text("def half(:\n")

    said = start("shape", root=copy)

    assert "room " in said
    assert said.endswith("exit 0")


def test_a_failed_set_up_shows_its_log_and_leaves_no_stamp(copy: Path) -> None:
    """Without an index neither uv nor pip can: both attempts are shown, nothing is believed."""
    (copy / ".venv").mkdir()
    (copy / ".venv/whole").write_text("a stamp of some other day")
    said = start("test", root=copy, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(copy), UV_OFFLINE="1")

    assert "$ " in said
    assert "install --require-hashes" in said
    assert "setting up failed" in said
    assert said.endswith("exit 1")
    assert not (copy / ".venv/whole").exists()


def test_a_whole_venv_is_used_at_once(copy: Path) -> None:
    """The stamp is believed: what stands in ``.venv`` runs with the caller's words and folder."""
    program = copy / ".venv/bin/kaipiao"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$PWD" "$@"\nexit 3\n')
    program.chmod(0o755)
    question = f"import sys; sys.argv = ['-']; __file__ = {str(copy / 'run')!r}; __name__ = 'run'\n"
    stamp = subprocess.run(
        [sys.executable, "-c", f"{question}{SOURCE}\nprint(stamp(), end='')"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (copy / ".venv/whole").write_text(stamp)
    elsewhere = copy / "elsewhere"
    elsewhere.mkdir()

    assert start("show", "a b", root=copy, cwd=elsewhere) == f"{elsewhere} show a b\nexit 3"
    assert start("check", "f.json", root=copy, cwd=copy) == f"{copy} check f.json\nexit 3"
