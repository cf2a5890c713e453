"""Checkpoints (检查点, C2SP tlog-checkpoint): the size and root of the log, in three lines.

    kaipiao.example/31-1
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

The first line names the log; the text is signed as a note.
"""

from base64 import b64encode

import msgspec

from kaipiao.evidence.merkle import HASH_BYTES
from kaipiao.evidence.spelling import SIZE_MAX as SIZE_MAX
from kaipiao.evidence.spelling import parse_base64
from kaipiao.evidence.spelling import parse_size as parse_size

CHECKPOINT_NAME = "checkpoint"
WITNESSED_NAME = "checkpoint.witnessed"
"""An earlier or the same one, with a quorum of cosignatures."""
STAMPED_NAME = "checkpoint.timestamped"
"""An earlier or the same of those, with a time stamp over all of its signatures."""


class Checkpoint(msgspec.Struct, frozen=True):
    origin: str
    size: int
    root: bytes


def compose_checkpoint(checkpoint: Checkpoint) -> str:
    """The text to sign."""
    assert checkpoint.origin
    assert "\n" not in checkpoint.origin
    assert len(checkpoint.root) == HASH_BYTES
    return f"{checkpoint.origin}\n{checkpoint.size}\n{b64encode(checkpoint.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a note's text; further lines are lawful and mean nothing to us.

    Raises:
        ValueError: if it is not the text of a checkpoint.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise ValueError("a checkpoint has three lines or more, none of them empty")
    root = parse_base64(lines[2])
    if len(root) != HASH_BYTES:
        raise ValueError(f"a root has {HASH_BYTES} bytes, got {len(root)}")
    return Checkpoint(lines[0], parse_size(lines[1]), root)
