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
    """Start ``run`` under the Python we run on: all that it said, and its exit code."""
    done = subprocess.run(
        [sys.executable, root / "run", *arguments],
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
    for name in ("run", "hatch_build.py", "pyproject.toml", "uv.lock", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_it_is_a_program() -> None:
    assert SOURCE.startswith("#!/usr/bin/env python3\n")
    assert os.access(ROOT / "run", os.X_OK)
    assert os.access(ROOT / ".ci/run", os.X_OK)


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
    measures = {"sim", "bench", "drill", "shape"}
    assert listed == measures | {"demo", "test", "check", "docs", "golden", "lock", "help"}
    assert start(cwd=tmp_path) == said


def test_shape_never_fails_and_needs_no_set_up(copy: Path) -> None:
    shutil.copytree(ROOT / ".ci", copy / ".ci")
    room = copy / "src/kaipiao/room"
    room.mkdir(parents=True)
    (room / "broken.py").write_text("def half(:\n")

    said = start("shape", root=copy)

    assert "room " in said
    assert said.endswith("exit 0")


OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "UV_OFFLINE": "1"}


def stamp_of(root: Path) -> str:
    """What ``run`` would write once ``.venv`` is whole."""
    question = (
        f"__file__ = {str(root / 'run')!r}; __name__ = 'run'\n{SOURCE}\nprint(stamp(), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", question], capture_output=True, text=True, check=True
    )
    return done.stdout


def pretend(root: Path, *, stamp: str) -> None:
    """A ``.venv`` whose only program tells where it was started, and with what."""
    program = root / ".venv/bin/kaipiao"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$PWD" "$@"\nexit 3\n')
    program.chmod(0o755)
    (root / ".venv/whole").write_text(stamp)


def test_a_whole_venv_is_used_at_once(copy: Path) -> None:
    """It becomes the program: the caller's words, folder and exit code pass through."""
    pretend(copy, stamp=stamp_of(copy))
    elsewhere = copy / "elsewhere"
    elsewhere.mkdir()

    assert start("show", "a b", root=copy, cwd=elsewhere) == f"{elsewhere} show a b\nexit 3"
    assert start("check", "f.json", root=copy, cwd=copy) == f"{copy} check f.json\nexit 3"


@pytest.mark.parametrize("reason", ["no stamp", "moved here", "a lock file has changed"])
def test_any_other_venv_is_not_believed(copy: Path, reason: str) -> None:
    """Without an index neither uv nor pip can mend it: it shows both attempts, leaves no stamp."""
    pretend(copy, stamp=stamp_of(ROOT) if reason == "moved here" else stamp_of(copy))
    if reason == "no stamp":
        (copy / ".venv/whole").unlink()
    if reason == "a lock file has changed":
        (copy / "uv.lock").write_text("changed")

    said = start("show", root=copy, cwd=copy, **OFFLINE)

    assert "install --no-deps uv==" in said
    assert "install --require-hashes" in said
    assert said.endswith("run: setting up failed; what was tried is above\nexit 1")
    assert not (copy / ".venv/whole").exists()
