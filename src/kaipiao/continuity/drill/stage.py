"""The seam between a drill and what it breaks: a lab of three members, or one cell."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from kaipiao.continuity.cluster.words import Sentence
from kaipiao.continuity.drill.experiment import Target
from kaipiao.continuity.drill.line import Door
from kaipiao.evidence.note import VerifierKey

Undo = Callable[[], Awaitable[None]]


class Done(NamedTuple):
    """What an act hit, and how it is put back; None: it mends itself, or there is nothing to.

    ``struck_s`` (of the monotonic clock): when it bit; None: when the act was begun.
    """

    whom: str
    undo: Undo | None = None
    struck_s: float | None = None


class StageRefused(Exception):
    """The drill cannot run here; ``zh`` and ``en`` say what to do."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class Stage(Protocol):
    """Everything that a drill may do to a cell, and everything that it asks of it."""

    name: str

    @property
    def token(self) -> str:
        """An API key that may issue for everyone and grant credit."""

    @property
    def doors(self) -> list[Door]:
        """Where callers may ask: one for each member."""

    @property
    def acts(self) -> Mapping[str, Callable[[Target], Awaitable[Done]]]:
        """What can be done here, by its name in the experiments."""

    @property
    def logs(self) -> dict[str, Path]:
        """The folder of each member's published log."""

    @property
    def vkey(self) -> VerifierKey:
        """Of the one who signs that log."""

    async def unsteady(self) -> list[Sentence]:
        """What is not as it should be, in words; nothing: it is steady."""

    async def dsn(self) -> str:
        """Of the primary, for one who may read every table."""

    async def copies(self) -> dict[str, str]:
        """The same of each standby, by its name."""
