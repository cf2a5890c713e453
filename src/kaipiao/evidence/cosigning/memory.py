"""What is known of each witness: told to people, and remembered over a restart."""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import msgspec

from kaipiao.base.durable import write_whole

MEMORY_BYTES_MAX = 1024 * 1024


class Mood(StrEnum):
    """How a witness answered last."""

    UNASKED = "unasked"
    COSIGNED = "cosigned"
    SILENT = "silent"  # nothing, not in time, or an error of its own
    REFUSED = "refused"  # it does not know this log, or does not take its key
    LYING = "lying"  # what it sent is not its cosignature
    CONTRADICTS = "contradicts"  # it holds a tree that ours does not continue, or a larger one

    @property
    def zh(self) -> str:
        return _WORDS[self][0]

    @property
    def en(self) -> str:
        return _WORDS[self][1]


_WORDS = {
    Mood.UNASKED: ("尚未询问", "not asked yet"),
    Mood.COSIGNED: ("已联署", "cosigned"),
    Mood.SILENT: ("无应答", "silent"),
    Mood.REFUSED: ("拒绝", "refused"),
    Mood.LYING: ("签名有误", "lying"),
    Mood.CONTRADICTS: ("与本日志矛盾", "contradicts us"),
}


class WitnessStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One witness.  Instants are Unix seconds; ``size`` is what it is known to have cosigned."""

    name: str
    key: str
    mood: Mood = Mood.UNASKED
    why: str = ""
    size: int | None = None
    cosigned_at: int | None = None  # by its own clock
    asked_at: int | None = None
    failures: int = 0  # in a row
    retry_at: int = 0


class Trouble(msgspec.Struct, frozen=True):
    """What keeps us from the next step, and what to do, as people read it."""

    zh: str
    en: str


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """All witnesses of one log, and what keeps us from the next step."""

    witnesses: tuple[WitnessStanding, ...] = ()
    trouble: Trouble | None = None  # nothing at all is signed
    stamp_trouble: str = ""  # nothing is stamped; in the authority's words, or the network's


def read_remembered(path: Path) -> Remembered:
    """Nothing, if there is no such file or it is damaged: then the witnesses are asked anew."""
    try:
        if path.stat().st_size > MEMORY_BYTES_MAX:
            return Remembered()
        return msgspec.json.decode(path.read_bytes(), type=Remembered)
    except (OSError, msgspec.DecodeError):
        return Remembered()


class MemoryFile(NamedTuple):
    path: Path

    def read(self) -> Remembered:
        return read_remembered(self.path)

    def write(self, remembered: Remembered) -> None:
        write_whole(self.path, msgspec.json.encode(remembered))
