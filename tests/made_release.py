"""The next release, made: this very tree with another version and two more migrations.

An environment of its own, as an operator would install one, but made in a moment: the packages
that we depend on are looked up where ours are.
"""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

import kaipiao
from kaipiao.ledger.migrate import read_migrations

VERSION = "9.9.9"
PRE = "ALTER TABLE api_key ADD COLUMN made_note text;\nCREATE TABLE made_pre (n integer);\n"
POST = "DROP TABLE made_pre;\nCREATE TABLE made_post (n integer);\n"

SOURCE = Path(next(iter(kaipiao.__path__)))


def make_release(folder: Path, *, pre: str = PRE, post: str = POST, wire: int = 1) -> Path:
    """Its Python."""
    python = folder / "bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(Path(sys.executable).resolve())
    (folder / "pyvenv.cfg").write_text(f"home = {python.resolve().parent}\n")
    packages = folder / f"lib/python3.{sys.version_info.minor}/site-packages"
    shutil.copytree(SOURCE, packages / "kaipiao", copy_function=_link_or_copy)
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    told = packages / f"kaipiao-{VERSION}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kaipiao\nVersion: {VERSION}\n")
    _bring(packages / "kaipiao/ledger/migrations", pre, post)
    if wire != 1:
        change(python, "app/orders.py", "WIRE = 1", f"WIRE = {wire}")
    return python


def change(python: Path, name: str, old: str, new: str) -> None:
    """Another text in one file of a made release."""
    [path] = python.parent.parent.glob(f"lib/*/site-packages/kaipiao/{name}")
    text = path.read_text("utf-8")
    assert old in text, f"{name} has no {old!r}"
    path.unlink()  # it may be the very file that we were made from
    path.write_text(text.replace(old, new), "utf-8")


def _bring(migrations: Path, pre: str, post: str) -> None:
    last = len(read_migrations())
    (migrations / f"{last + 1:04}_pre_made.sql").write_text(pre)
    (migrations / f"{last + 2:04}_post_made.sql").write_text(post)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another disk
        shutil.copy2(source, target)
