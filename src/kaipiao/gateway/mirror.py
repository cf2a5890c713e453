"""The HTTP of a mirror: the log's own files, in the log's own layout, and how the copy stands.

GET  /checkpoint  /tile/…           as at the log; also below /log/, as at a cell
GET  /checkpoint.witnessed          the tree as witnesses saw it, if the log shows that
GET  /log.vkey                      whose log this is
GET  /mirror                        how the copy stands
GET  /evidence, /evidence/NAME/FILE what the source has signed and cannot be reconciled
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.mirror.shelf import NOTE_NAMES, Shelf
from kaipiao.evidence.note import VerifierKey
from kaipiao.gateway.limits import MIB, Limits
from kaipiao.gateway.open_app import (
    BRIEFLY,
    FOREVER,
    NOTHING_HERE,
    OpenApp,
    json_answer,
    only,
    text_answer,
)
from kaipiao.gateway.visit import Answer, Receive, Visit

LIMITS = Limits(
    max_body_bytes=0,
    max_arriving_bytes=MIB,
    max_unsent_total_bytes=256 * MIB,
    max_other_in_flight=256,
)
NAME_MAX = 200
_EXHIBIT = re.compile(r"evidence/([a-z]+-[0-9]+-[0-9a-f]{16})/([a-z.]+)")


class CopyState(msgspec.Struct, frozen=True, kw_only=True):
    """How the copy stands.  ``trouble`` is why the last look at the source led nowhere."""

    source: str
    size: int
    copied_at: datetime | None = None  # when the source last gave us its newest checkpoint
    trouble: str = ""
    refused: str = ""  # fork or rollback: it stays so until the source comes to its senses


class MirrorApp(OpenApp):
    def __init__(
        self,
        shelf: Shelf,
        keys: Sequence[VerifierKey],
        exhibits: Exhibits,
        state: Callable[[], CopyState],
    ) -> None:
        super().__init__(LIMITS)
        self._shelf = shelf
        self._keys = keys
        self._exhibits = exhibits
        self._state = state

    async def answer(self, visit: Visit, receive: Receive) -> Answer:
        only(visit, "GET")
        name = visit.path.removeprefix("/log/").removeprefix("/")
        if len(name) > NAME_MAX or "\0" in name:
            return NOTHING_HERE
        return await asyncio.to_thread(self._read, name) or NOTHING_HERE

    def _read(self, name: str) -> Answer | None:
        if name == "mirror":
            return json_answer(self._state())
        if name == "log.vkey":
            return text_answer("".join(f"{key}\n" for key in self._keys))
        if name == "evidence":
            return json_answer(self._exhibits.all())
        if match := _EXHIBIT.fullmatch(name):
            exhibit = self._exhibits.file(*match.groups())
            return None if exhibit is None else text_answer(exhibit)
        content = self._shelf.public_file(name)
        if content is None:
            return None
        if name in NOTE_NAMES:
            return text_answer(content, keep=BRIEFLY)
        return text_answer(content, media_type="application/octet-stream", keep=FOREVER)
