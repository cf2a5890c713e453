"""The files of the project: all but what tools leave behind."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = {".ci", ".gitignore"}
LEFT_BEHIND = {"__pycache__", "build", "dist", "node_modules"}


def project_files(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in KEPT
        if hidden or path.name in LEFT_BEHIND or path.suffix == ".so" or path.is_symlink():
            continue
        if path.is_dir():
            yield from project_files(path)
        else:
            yield path


def documents() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".md"]
