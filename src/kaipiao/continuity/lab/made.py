"""``lab.json``: what a lab has made, written before it is made, so that ``down`` finds it all."""

from pathlib import Path

import msgspec

from kaipiao.base.durable import write_whole

NAME = "lab.json"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """``spaces`` by place: each member's name, ``c`` (client) and ``sw`` (switch)."""

    mark: str
    spaces: dict[str, str]
    disks: dict[str, str] = {}  # mounted, by member
    has_clocks: bool = False  # each member has a wall clock of its own


def read_made(folder: Path) -> Made | None:
    """What the lab in this folder has made; None if there is no lab."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=Made)
    except FileNotFoundError:
        return None


def write_made(folder: Path, made: Made) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / NAME, msgspec.json.encode(made))


def forget_made(folder: Path) -> None:
    (folder / NAME).unlink(missing_ok=True)
