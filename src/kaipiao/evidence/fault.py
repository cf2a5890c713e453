"""What can be wrong with a log, each with a code that is a public contract."""

from enum import StrEnum

import msgspec


class FaultCode(StrEnum):
    CHECKPOINT_DAMAGED = "checkpoint-damaged"  # it is no signed checkpoint
    OTHER_LOG = "other-log"  # a checkpoint of another log than the key's
    UNSIGNED = "not-signed-by-key"  # no signature on the checkpoint is by this key
    FORGED = "signature-forged"  # one claims to be, and is not
    MISSING = "file-missing"  # a tile or bundle that the checkpoint needs is not there
    DAMAGED = "file-damaged"  # it is there, and is not what lies under the signed root
    UNPROVEN = "below-unproven"  # neither a tile nor the files below it lead to the signed root
    OTHER_ROOT = "root-differs"  # the files are of another tree than the signed one
    ROLLED_BACK = "rolled-back"  # the log is shorter than a checkpoint that is held of it
    REWRITTEN = "history-rewritten"  # it does not begin with what that checkpoint covered
    GROWTH_UNPROVEN = "growth-unproven"  # whether it does cannot be told from damaged tiles
    TOO_MANY = "too-many-faults"  # the audit gave up


class Fault(msgspec.Struct, frozen=True):
    code: FaultCode
    file: str  # its name below the log's address; empty if it is about the log as a whole
    why: str  # in English, for people

    def __str__(self) -> str:
        return f"{self.file} {self.why} ({self.code})".lstrip()
