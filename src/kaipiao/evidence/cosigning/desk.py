"""One witness over HTTP (C2SP tlog-witness): a question, an answer, and nothing taken on trust."""

import asyncio
from hashlib import sha256
from typing import NamedTuple

import httpx

from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint, parse_size
from kaipiao.evidence.note import Note, Signature, Standing, VerifierKey, parse_note
from kaipiao.evidence.policy import Witness
from kaipiao.evidence.witness.submission import compose_submission

TIMEOUT_S = 5.0
"""For one whole conversation, however slowly the bytes come."""
ANSWER_BYTES_MAX = 512 * 1024
"""A note of the greatest length fits; who sends more is not listened to."""
CLOCK_AHEAD_MAX_S = 300
"""A cosignature from further in the future is not taken: it would spoil what it proves."""
_TOLD_CHARS = 200

Http = httpx.AsyncClient


def open_http() -> Http:
    """One for all witnesses of a cell; it keeps their connections open between rounds."""
    return Http(headers={"accept-encoding": "identity", "user-agent": "kaipiao-cosigning/1"})


class WitnessSilent(Exception):
    """No answer, or none that says yes or no.  Asking again is right."""


class WitnessRefused(Exception):
    """The witness understood and will not cosign; its operator or ours must do something."""

    def __init__(self, why: str, *, status: int = httpx.codes.CONFLICT) -> None:
        super().__init__(why)
        self.is_about_proof = status == httpx.codes.UNPROCESSABLE_ENTITY
        self.is_unknown_log = status == httpx.codes.NOT_FOUND


class WitnessLied(Exception):
    """It said yes, and what it sent is not its cosignature."""


class WitnessHolds(NamedTuple):
    """The size that it last cosigned, which is not the one that we began from."""

    size: int


class Cosigned(NamedTuple):
    signatures: tuple[Signature, ...]
    at: int  # Unix seconds, by the witness's clock


class Desk:
    """Speaks with one witness.  Every method may raise WitnessSilent."""

    def __init__(self, witness: Witness, http: Http) -> None:
        self.witness = witness
        self._http = http
        self._url = witness.url.rstrip("/")

    async def add_checkpoint(
        self, old_size: int, proof: tuple[bytes, ...], note: str, *, now: int
    ) -> Cosigned | WitnessHolds:
        """Ask for a cosignature under ``note``, which grew out of ``old_size``.

        Raises:
            WitnessRefused, WitnessLied: see there.
        """
        body = compose_submission(old_size, proof, note)
        status, content = await self._ask("POST", "/add-checkpoint", body)
        if status == httpx.codes.CONFLICT:
            return WitnessHolds(_parse_held(content))
        if status != httpx.codes.OK:
            raise _unwilling(status, content)
        return self._take(note, content, now)

    async def last_cosigned(self, key: VerifierKey) -> Checkpoint | None:
        """What it shows monitors of the log of this key; None if it shows nothing of it.

        It may be an hour old.  A note that the witness and the log did not both sign is nothing.
        """
        place = f"/{sha256(key.name.encode()).hexdigest()}/checkpoint"
        status, content = await self._ask("GET", place)
        if status != httpx.codes.OK:
            return None
        try:
            note = parse_note(content.decode())
            shown = parse_checkpoint(note.text)
        except ValueError:
            return None
        is_ours = shown.origin == key.name and key.standing(note) is Standing.SIGNED
        return shown if is_ours and self.witness.key.cosigned_at(note) is not None else None

    def _take(self, note: str, content: bytes, now: int) -> Cosigned:
        """The cosignatures among the answer's lines; strangers' lines are left behind."""
        text = parse_note(note).text
        try:
            offered = parse_note(f"{text}\n{content.decode()}").signatures
        except ValueError as error:
            raise WitnessLied(f"its answer holds no signature lines: {error}") from None
        key = self.witness.key
        ours = tuple(s for s in offered if (s.name, s.key_id) == (key.name, key.key_id))
        at = key.cosigned_at(Note(text, ours))
        if at is None:
            raise WitnessLied("it sent no cosignature of its own that is good")
        if at > now + CLOCK_AHEAD_MAX_S:
            raise WitnessLied(f"its clock is {at - now} s ahead of ours")
        return Cosigned(ours, at)

    async def _ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                async with self._http.stream(method, self._url + path, content=body) as answer:
                    return answer.status_code, await read_bounded(answer, ANSWER_BYTES_MAX)
        except TimeoutError:
            raise WitnessSilent(f"no answer in {TIMEOUT_S:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise WitnessSilent(str(error) or type(error).__name__) from None


async def read_bounded(answer: httpx.Response, bytes_max: int) -> bytes:
    """The body as it comes over the wire.  Raises httpx.HTTPError: it is longer than that."""
    content = b""
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) > bytes_max:
            raise httpx.HTTPError(f"the answer is longer than {bytes_max} bytes")
    return content


def _parse_held(content: bytes) -> int:
    try:
        return parse_size(content.decode("ascii").removesuffix("\n"))
    except ValueError:
        raise WitnessRefused("it holds another size, and does not say which") from None


def _unwilling(status: int, content: bytes) -> Exception:
    told = content.decode(errors="replace").split("\n", 1)[0][:_TOLD_CHARS]
    said = f"{status} {told}".strip()
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
        return WitnessSilent(said)
    return WitnessRefused(said, status=status)
