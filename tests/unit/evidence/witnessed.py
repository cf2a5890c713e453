"""Witnesses and cosigned notes for tests, all made from names."""

from hashlib import sha256

from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.cosignature import Cosigner, compose_line
from kaipiao.evidence.note import Note, compose_note, parse_note
from tests.unit.evidence.fakes import make_signer

SIGNER = make_signer()


def make_cosigner(name: str) -> Cosigner:
    return Cosigner(f"{name}.example/w", sha256(name.encode()).digest())


def make_note(size: int = 7, root: bytes = bytes(32)) -> str:
    return compose_note(compose_checkpoint(Checkpoint(SIGNER.name, size, root)), [SIGNER])


def cosigned(note: str, times: dict[str, int]) -> Note:
    """The note with a cosignature of each of these witnesses, of these seconds."""
    text = parse_note(note).text
    lines = [
        compose_line(make_cosigner(name).cosign(text, seconds=seconds))
        for name, seconds in times.items()
    ]
    return parse_note(note + "".join(lines))


def policy_text(
    threshold: object, names: list[str], urls: dict[str, str] | None = None, *, log: str = ""
) -> bytes:
    """k of these witnesses."""
    lines = [f"log {log}"] if log else []
    where = urls or {}
    lines += [f"witness {name} {make_cosigner(name).key} {where.get(name, '')}" for name in names]
    lines += [f"group enough {threshold} {' '.join(names)}", "quorum enough"]
    return "".join(f"{line}\n" for line in lines).encode()
