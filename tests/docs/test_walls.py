"""The walls between the rooms bite: each is tried with a stone out of place.

One scratch copy of the tree is planted with everything that must not be, and the checker must
object to each.  A wall that a plant does not try is listed as missing.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.files import ROOT

LAYERS = "Imports point down; rooms on one line do not know each other"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
NAMES = [contract["name"] for contract in CONTRACTS["contracts"]]

PLANTS = {
    LAYERS: ("fiscal/planted.py", "import kaipiao.issuing\n"),
    "What is true needs no clock, socket, file or random number": (
        "regimes/planted.py",
        "import random\n",
    ),
    "Issuing decides; whatever can fail reaches it through a port": (
        "issuing/planted.py",
        "import socket\n",
    ),
    "Only the ledger speaks to PostgreSQL": ("gateway/planted.py", "import asyncpg\n"),
    "Only the gateway, and app that starts it, know HTTP servers": (
        "ledger/planted.py",
        "import litestar\n",
    ),
    "Only client, evidence, seal and continuity call another machine": (
        "delivery/caller.py",
        "import httpx\n",
    ),
    "Only delivery sends to strangers": ("gateway/stranger.py", "import httpcore\n"),
    "Only delivery sets type, signs files and reads codes": ("cli/planted.py", "import typst\n"),
    "Only delivery and the command line know sheets": ("issuing/sheet.py", "import xlsxwriter\n"),
    "Only the command line knows click": ("app/planted.py", "import click\n"),
    "Only evidence, seal and a cluster's authority hold signing keys; base.p256 checks": (
        "delivery/planted.py",
        "import cryptography\n",
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("walls")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src/kaipiao", folder / "src/kaipiao", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def broken_in(folder: Path) -> tuple[set[str], str]:
    """The contracts that the checker calls broken, and all it said."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    return {name for name in NAMES if f"{name} BROKEN" in said}, said


@pytest.fixture
def planted(copy: Path) -> Iterator[Path]:
    for path, text in PLANTS.values():
        (copy / "src/kaipiao" / path).write_text(text)
    yield copy
    for path, _ in PLANTS.values():
        (copy / "src/kaipiao" / path).unlink()


def test_every_wall_bites(planted: Path) -> None:
    broken, said = broken_in(planted)

    assert set(PLANTS) == set(NAMES), "a wall that nothing tries"
    assert broken == set(NAMES), said


def test_there_is_no_place_for_utils(copy: Path) -> None:
    utils = copy / "src/kaipiao/utils"
    utils.mkdir()
    (utils / "__init__.py").touch()
    _, said = broken_in(copy)

    assert "utils" in said
    assert "exhaustive" in said.lower() or "layer" in said.lower()


def test_the_drawing_shows_the_layers_and_the_rooms_that_exist() -> None:
    drawing = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    layers = next(c for c in CONTRACTS["contracts"] if c["name"] == LAYERS)["layers"]
    drawn = "\n".join(["```", *layers, "```"])
    rooms = {path.name.removesuffix(".py") for path in (ROOT / "src/kaipiao").glob("[a-z]*")}
    explained = re.findall(r"^\| `(\w+)` \|", drawing, flags=re.MULTILINE)

    assert drawn in drawing
    assert set(re.findall(r"\w+", " ".join(layers))) == set(explained) == rooms - {"py.typed"}
