"""A witness: submissions of a growing log, each remembered on the disk before it is cosigned."""

from collections.abc import Sequence
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from time import perf_counter

from bench.evidence.logs import ORIGIN, new_signers
from kaipiao.app.clock import SystemClock
from kaipiao.base.canonical import digest
from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.cosignature import Cosigner
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.note import compose_note
from kaipiao.evidence.reader import TileReader
from kaipiao.evidence.signing.signers import KeySigner
from kaipiao.evidence.witness.memory import MEMORY_NAME, Memory, create_memory
from kaipiao.evidence.witness.roster import ROSTER_NAME, Roster, add_log
from kaipiao.evidence.witness.submission import compose_submission
from kaipiao.evidence.witness.witness import Witness

GROWTH = 97
"""Leaves between two submissions."""


def cosigned_rate(place: Path, *, submissions: int) -> float:
    """Cosignatures a second, of one log that grows, by one witness.

    What it is shown is composed beforehand, for that is the log's work.
    """
    place.mkdir(parents=True, exist_ok=True)
    signers = new_signers(place / "keys")
    bodies = _submissions(signers, submissions)
    cosigner = Cosigner("witness.bench/w1", bytes(32))
    create_memory(place / MEMORY_NAME, cosigner.key)
    add_log(place / ROSTER_NAME, signers[0].verifier)
    memory = Memory(place / MEMORY_NAME)
    witness = Witness(
        cosigner=cosigner,
        memory=memory,
        roster=Roster(place / ROSTER_NAME),
        exhibits=Exhibits(place / "evidence"),
        clock=SystemClock(),
    )
    began = perf_counter()
    answers = [witness.add_checkpoint(body).status for body in bodies]
    took_s = perf_counter() - began
    memory.close()
    assert set(answers) == {HTTPStatus.OK}
    return len(answers) / took_s


def _submissions(signers: Sequence[KeySigner], count: int) -> list[bytes]:
    edge, files, bodies = Edge(), dict[str, bytes](), []
    reader = TileReader(files.__getitem__)
    leaves = (digest(n.to_bytes(8, "big")) for n in range(GROWTH * count))
    for _ in range(count):
        before = edge.size
        edge, new = grow(edge, list(islice(leaves, GROWTH)))
        files.update((tile.name, content) for tile, content in new.items())
        checkpoint = Checkpoint(ORIGIN, edge.size, edge.frontier.root())
        proof = reader.consistency_path(before, edge.size)
        note = compose_note(compose_checkpoint(checkpoint), signers)
        bodies.append(compose_submission(before, proof, note))
    return bodies
