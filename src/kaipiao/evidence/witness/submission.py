"""What is brought to a witness (C2SP tlog-witness, ``add-checkpoint``).

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOo…

The size that the witness is thought to hold, the proof from there, an empty line, and the note.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint, parse_size
from kaipiao.evidence.merkle import HASH_BYTES
from kaipiao.evidence.note import NOTE_CHARS_MAX, Note, parse_base64, parse_note

PROOF_LINES_MAX = 63
SUBMISSION_BYTES_MAX = NOTE_CHARS_MAX + 64 * 48
"""A note of the greatest length, and a proof of the greatest length before it."""
_OLD = "old "


class Submission(NamedTuple):
    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


def parse_submission(body: bytes) -> Submission:
    """Read a request; what it is worth is for the witness to say.

    Raises:
        ValueError: if it is not written as the specification has it.
    """
    head, gap, note_text = body.decode().partition("\n\n")
    first, *proof = head.split("\n")
    if not gap or not first.startswith(_OLD):
        raise ValueError("a submission is a line 'old SIZE', a proof, an empty line and a note")
    if len(proof) > PROOF_LINES_MAX:
        raise ValueError(f"a consistency proof has at most {PROOF_LINES_MAX} lines")
    note = parse_note(note_text)
    return Submission(
        old_size=parse_size(first.removeprefix(_OLD)),
        proof=tuple(_parse_hash(line) for line in proof),
        note=note,
        checkpoint=parse_checkpoint(note.text),
    )


def compose_submission(old_size: int, proof: Sequence[bytes], note: str) -> bytes:
    """What a log sends to its witness; ``note`` is its signed checkpoint."""
    assert len(proof) <= PROOF_LINES_MAX
    lines = [f"{_OLD}{old_size}", *(b64encode(node).decode() for node in proof), "", note]
    return "\n".join(lines).encode()


def _parse_hash(line: str) -> bytes:
    node = parse_base64(line)
    if len(node) != HASH_BYTES:
        raise ValueError(f"a hash of a proof has {HASH_BYTES} bytes, got {len(node)}")
    return node
