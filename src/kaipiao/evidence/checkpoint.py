"""Checkpoints (检查点, C2SP tlog-checkpoint): the size and root of the log, in three lines.

    kaipiao.example/31-1
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

The first line names the log; the text is signed as a note.
"""

from base64 import b64encode

import msgspec

from kaipiao.evidence.merkle import HASH_BYTES
from kaipiao.evidence.note import parse_base64

CHECKPOINT_NAME = "checkpoint"
SIZE_MAX = 2**63 - 1
_SIZE_DIGITS_MAX = len(str(SIZE_MAX))


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


def parse_size(text: str) -> int:
    """A whole number in its only spelling.

    Raises:
        ValueError: if it is anything else, or larger than any log.
    """
    well_formed = text.isascii() and text.isdigit() and len(text) <= _SIZE_DIGITS_MAX
    if not well_formed or (text[0] == "0" and text != "0") or int(text) > SIZE_MAX:
        raise ValueError("a size is a whole number without leading zeros")
    return int(text)
