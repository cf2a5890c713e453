"""The HTTP of a witness (C2SP tlog-witness): one call to write, a few to read.

POST /add-checkpoint                the specification's
GET  /ORIGIN-HASH/checkpoint        the specification's: what we cosigned last of a log
GET  /witness.vkey                  our public key
GET  /logs                          the logs that we watch, and where they stand
GET  /evidence                      what a log has signed and cannot be reconciled
GET  /evidence/NAME/FILE            one file of it
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.witness.memory import Held, Memory
from kaipiao.evidence.witness.submission import SUBMISSION_BYTES_MAX
from kaipiao.evidence.witness.witness import Witness
from kaipiao.gateway.limits import MIB, Limits
from kaipiao.gateway.open_app import NOTHING_HERE, OpenApp, json_answer, only, text_answer
from kaipiao.gateway.reading import read_body
from kaipiao.gateway.visit import Answer, Receive, Visit

LIMITS = Limits(
    max_body_bytes=SUBMISSION_BYTES_MAX,
    max_arriving_bytes=64 * MIB,
    max_unsent_total_bytes=64 * MIB,
    body_timeout_s=10,
    max_other_in_flight=128,
)
_CHECKPOINT = re.compile(r"/([0-9a-f]{64})/checkpoint")
_EXHIBIT = re.compile(r"/evidence/([a-z]+-[0-9]+-[0-9a-f]{16})/([a-z.]+)")


class Watched(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of ``/logs``; size and time only of logs that we have cosigned."""

    origin: str
    hash: str  # where to ask for its checkpoint
    size: int | None = None
    cosigned_at: int | None = None  # Unix seconds


class WitnessApp(OpenApp):
    def __init__(self, witness: Witness, memory: Memory, exhibits: Exhibits) -> None:
        super().__init__(LIMITS)
        self._witness = witness
        self._memory = memory
        self._exhibits = exhibits

    async def answer(self, visit: Visit, receive: Receive) -> Answer:
        if visit.path == "/add-checkpoint":
            only(visit, "POST")
            return await self._add_checkpoint(visit, receive)
        only(visit, "GET")
        return await asyncio.to_thread(self._read, visit.path) or NOTHING_HERE

    async def _add_checkpoint(self, visit: Visit, receive: Receive) -> Answer:
        limits = self.limits
        body = await read_body(
            receive,
            visit,
            self.arriving,
            limit_bytes=limits.max_body_bytes,
            timeout_s=limits.body_timeout_s,
        )
        said = await asyncio.to_thread(self._witness.add_checkpoint, body)
        return text_answer(said.text, status=said.status, media_type=said.media_type)

    def _read(self, path: str) -> Answer | None:
        if path == "/witness.vkey":
            return text_answer(f"{self._witness.key}\n")
        if path == "/logs":
            return json_answer(watched(self._witness.origins(), self._memory.all_held()))
        if path == "/evidence":
            return json_answer(self._exhibits.all())
        if match := _EXHIBIT.fullmatch(path):
            content = self._exhibits.file(*match.groups())
            return None if content is None else text_answer(content)
        if match := _CHECKPOINT.fullmatch(path):
            return self._checkpoint(match[1])
        return None

    def _checkpoint(self, origin_hash: str) -> Answer | None:
        for origin, held in self._memory.all_held().items():
            if hash_of(origin) == origin_hash:
                return text_answer(held.note)
        return None


def hash_of(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()


def watched(origins: Iterable[str], held: Mapping[str, Held]) -> list[Watched]:
    """Every log that is on the list, or once was."""
    return [
        Watched(o, hash_of(o), held[o].size, held[o].cosigned_at)
        if o in held
        else Watched(o, hash_of(o))
        for o in sorted({*origins, *held})
    ]
