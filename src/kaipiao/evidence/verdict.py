"""Verify a receipt (离线查验) with nothing but the log's public key: no network, no ledger.

Every fault found is told, each with a stable code: a buyer should not have to guess whether the
paper was altered, the wrong key was used, or another invoice was held beside it.
"""

from enum import StrEnum
from functools import lru_cache

import msgspec

from kaipiao.base.canonical import digest
from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint
from kaipiao.evidence.grade import Grade, Graded, grade_note
from kaipiao.evidence.merkle import implied_root
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.proof import Opening, Proof, parse_opening, parse_proof
from kaipiao.evidence.trust import Trust, trust_in

CHECKPOINTS_REMEMBERED = 256


class FaultCode(StrEnum):
    UNREADABLE = "receipt-unreadable"  # not a receipt at all
    NO_OPENING = "opening-unreadable"  # the fields of the leaf are missing or damaged
    OTHER_LOG = "other-log"  # a receipt of another log than the key's
    UNSIGNED = "not-signed-by-key"  # no signature here is by this key
    FORGED = "signature-forged"  # one claims to be, and is not
    IMPOSSIBLE_PATH = "path-impossible"  # no tree of that size has such a path
    NOT_IN_LOG = "not-in-log"  # the fields or the path lead to another root than the signed one
    OTHER_INVOICE = "digest-differs"  # the receipt is about another invoice than the one given


class Fault(msgspec.Struct, frozen=True):
    code: FaultCode
    why: str  # in English, for people


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``opening``, ``checkpoint`` and ``index`` are what the receipt says: true only if genuine.

    ``graded`` is what its checkpoint is worth to whoever asked.
    """

    faults: tuple[Fault, ...]
    opening: Opening | None = None
    checkpoint: Checkpoint | None = None
    index: int | None = None
    graded: Graded = Graded(Grade.E0)

    @property
    def is_genuine(self) -> bool:
        return not self.faults


def verify_receipt(text: str, trust: Trust | str, *, draft_bytes: bytes | None = None) -> Verdict:
    """Judge a receipt; ``draft_bytes``, if given, is the canonical draft it should be about.

    ``trust`` may be one verifier key alone.

    Raises:
        ValueError: if that is not a verifier key: then there is no question to answer.
    """
    trust = trust_in(trust) if isinstance(trust, str) else trust
    try:
        proof = parse_proof(text)
        checkpoint, signature_faults, graded = _judge_checkpoint(proof.note, trust)
    except ValueError as error:
        return Verdict(faults=(Fault(FaultCode.UNREADABLE, str(error)),))
    faults, opening = list(signature_faults), None
    try:
        opening = parse_opening(proof.extra or b"")
    except ValueError as error:
        faults.append(Fault(FaultCode.NO_OPENING, str(error)))
    else:
        faults += _check_inclusion(opening, proof, checkpoint)
        faults += _check_content(opening, draft_bytes)
    return Verdict(
        faults=tuple(faults),
        opening=opening,
        checkpoint=checkpoint,
        index=proof.index,
        graded=graded,
    )


@lru_cache(maxsize=CHECKPOINTS_REMEMBERED)
def _judge_checkpoint(note_text: str, trust: Trust) -> tuple[Checkpoint, tuple[Fault, ...], Graded]:
    """The checkpoint in a note, what is wrong with its signature, and what it is worth.

    Remembered, because thousands of receipts share a checkpoint and its signature costs ten
    times what a path does.  The memory is keyed by every character that the answer hangs on.

    Raises:
        ValueError: if this is no signed checkpoint.
    """
    note = parse_note(note_text)
    checkpoint = parse_checkpoint(note.text)
    key = trust.key_for(note, checkpoint.origin)
    faults = _check_signature(key, checkpoint.origin, key.standing(note))
    graded = grade_note(note, key, trust.witnesses, trust.authority)
    return checkpoint, tuple(faults), graded


def _check_signature(key: VerifierKey, origin: str, standing: Standing) -> list[Fault]:
    faults = []
    if origin != key.name:
        why = f"the receipt is from the log {origin!r}, the key from {key.name!r}"
        faults.append(Fault(FaultCode.OTHER_LOG, why))
    if standing is Standing.UNSIGNED:
        faults.append(Fault(FaultCode.UNSIGNED, f"no signature is by {key}"))
    if standing is Standing.FORGED:
        why = f"a signature claims to be by {key.name!r} and is not: the checkpoint was altered"
        faults.append(Fault(FaultCode.FORGED, why))
    return faults


def _check_inclusion(opening: Opening, proof: Proof, checkpoint: Checkpoint) -> list[Fault]:
    try:
        root = implied_root(
            opening.leaf(), index=proof.index, size=checkpoint.size, path=proof.path
        )
    except ValueError as error:
        return [Fault(FaultCode.IMPOSSIBLE_PATH, str(error))]
    if root != checkpoint.root:
        why = "the number, time, amounts, digest, salt, index or path is not what was logged"
        return [Fault(FaultCode.NOT_IN_LOG, why)]
    return []


def _check_content(opening: Opening, draft_bytes: bytes | None) -> list[Fault]:
    if draft_bytes is None or digest(draft_bytes).hex() == opening.digest:
        return []
    why = "the receipt is about an invoice with other content than the one given"
    return [Fault(FaultCode.OTHER_INVOICE, why)]
