"""The witness itself: what is asked of a checkpoint before we put our name under it.

The order is the specification's (C2SP tlog-witness), and so are the answers:

1. can it be read                        400
2. do we watch this log                  404
3. did a key that we trust sign it       403
4. does it start from what we hold       409, and the size we hold
5. does the proof lead from there        422, and if the log contradicts itself, an exhibit
6. remember it, durably; then answer     200, and our cosignature

A crash before 6 cosigned nothing that anyone has.  A crash in 6, after the memory took it, is
met by the caller's next attempt: we say 409 with the new size, and it comes again from there.
"""

import logging
from http import HTTPStatus
from typing import NamedTuple

from kaipiao.errors import Outage
from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.cosignature import Cosigner, compose_line
from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.merkle import EMPTY_ROOT, is_consistent
from kaipiao.evidence.note import Signature, Standing, VerifierKey
from kaipiao.evidence.witness.memory import Held, Memory
from kaipiao.evidence.witness.roster import Roster
from kaipiao.evidence.witness.submission import Submission, parse_submission
from kaipiao.ports import Clock

TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"
ATTEMPTS_MAX = 3
"""How often we look again when another submission of the same log was a moment faster."""

_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    status: HTTPStatus
    text: str
    media_type: str = TEXT


class Witness:
    """Safe to use from several threads: what must not race is decided by the memory."""

    def __init__(
        self,
        *,
        cosigner: Cosigner,
        memory: Memory,
        roster: Roster,
        exhibits: Exhibits,
        clock: Clock,
    ) -> None:
        self.key = cosigner.key
        self._cosigner = cosigner
        self._memory = memory
        self._roster = roster
        self._exhibits = exhibits
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one submission.

        Raises:
            Outage: nothing was cosigned; ask again.
        """
        try:
            submission = parse_submission(body)
        except ValueError as error:  # that it is no UTF-8 is one, too
            return _no(HTTPStatus.BAD_REQUEST, f"This is no submission: {error}.", "无法读取。")
        keys = self._roster.keys(submission.checkpoint.origin)
        if (refused := _check_signatures(submission, keys)) is not None:
            return refused
        if submission.old_size > submission.checkpoint.size:
            return _no(
                HTTPStatus.BAD_REQUEST, "The old size is above the checkpoint's.", "起始大小过大。"
            )
        for _ in range(ATTEMPTS_MAX):
            held = self._memory.held(submission.checkpoint.origin)
            if (refused := self._check_growth(submission, held, body)) is not None:
                return refused
            if (cosigned := self._cosign(submission, keys, held)) is not None:
                return cosigned
        raise Outage("the witness's memory")

    def origins(self) -> list[str]:
        """The logs that we watch."""
        return self._roster.origins()

    def _check_growth(
        self, submission: Submission, held: Held | None, body: bytes
    ) -> Answer | None:
        """Steps 4 and 5.  What the log itself has signed and cannot be reconciled is kept."""
        offered = submission.checkpoint
        old = (held.size, held.root) if held else (0, EMPTY_ROOT)
        is_fork = offered.size == old[0] and offered.root != old[1]
        if is_fork:
            self._keep(submission, held, body)  # two roots for one size: whatever `old` says
        if submission.old_size != old[0]:
            return Answer(HTTPStatus.CONFLICT, f"{old[0]}\n", SIZE)
        follows = is_consistent(*old, offered.size, offered.root, submission.proof)
        if follows and not is_fork:
            return None
        self._keep(submission, held, body)
        return _no(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"No proof leads from the {old[0]} entries that we hold to this checkpoint.",
            f"证明不成立: 无法从我们所见证的 {old[0]} 项推出该检查点。",
        )

    def _keep(self, submission: Submission, held: Held | None, body: bytes) -> None:
        if held is None:
            return
        offered = submission.checkpoint
        try:
            kept = self._exhibits.keep(
                Checkpoint(offered.origin, held.size, held.root),
                held.note,
                offered,
                body.decode().partition("\n\n")[2],
                at=self._clock.now(),
                request=body,
            )
        except OSError as error:  # refused it is in any case
            _log.error("what %s signed could not be kept: %s", offered.origin, error)
            return
        if kept is not None:
            _log.warning("%s was refused (%s), kept as %s", kept.origin, kept.kind, kept.name)

    def _cosign(
        self, submission: Submission, keys: tuple[VerifierKey, ...], held: Held | None
    ) -> Answer | None:
        """Step 6; None if another submission of this log came first, and all must be asked again.

        Raises:
            Outage: our clock is behind our own last word, or the memory did not take it.
        """
        seconds = int(self._clock.now().timestamp())
        if held is not None and seconds < held.cosigned_at:
            _log.error("the clock is behind the last cosignature (%d s)", held.cosigned_at)
            raise Outage("the witness's clock")
        text, checkpoint = submission.note.text, submission.checkpoint
        line = compose_line(self._cosigner.cosign(text, seconds=seconds))
        theirs = "".join(map(compose_line, _signatures_of(submission, keys)))
        after = Held(checkpoint.size, checkpoint.root, f"{text}\n{theirs}{line}", seconds)
        if not self._memory.advance(checkpoint.origin, held, after):
            return None
        return Answer(HTTPStatus.OK, line)


def _check_signatures(submission: Submission, keys: tuple[VerifierKey, ...]) -> Answer | None:
    """Steps 2 and 3.  A line that claims to be by a trusted key and is not spoils the note."""
    origin = submission.checkpoint.origin
    if not keys:
        return _no(
            HTTPStatus.NOT_FOUND,
            f"We do not watch {origin}. Its operator or ours can have it added.",
            "本见证方未登记该日志, 请联系运营者登记。",
        )
    standings = {key.standing(submission.note) for key in keys}
    if Standing.SIGNED not in standings or Standing.FORGED in standings:
        return _no(
            HTTPStatus.FORBIDDEN,
            f"No key that we trust for {origin} signed this, or a signature is forged.",
            "检查点没有由登记的公钥签名, 或签名系伪造。",
        )
    return None


def _signatures_of(submission: Submission, keys: tuple[VerifierKey, ...]) -> list[Signature]:
    """The log's own signatures, all of them verified by now; strangers' are not passed on."""
    trusted = {(key.name, key.key_id) for key in keys}
    return [s for s in submission.note.signatures if (s.name, s.key_id) in trusted]


def _no(status: HTTPStatus, en: str, zh: str) -> Answer:
    """Machines read the status; whoever looks into it reads either language."""
    return Answer(status, f"{en}\n{zh}\n")
