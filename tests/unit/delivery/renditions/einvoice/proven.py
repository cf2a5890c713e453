"""Issued invoices with a genuine receipt, from a small log of their own."""

from functools import lru_cache

import msgspec

from kaipiao.base.sm import SM2_WITH_SM3_OID, make_keys, sign
from kaipiao.delivery.renditions.source import Source
from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.merkle import tree_root
from kaipiao.evidence.note import compose_note
from kaipiao.evidence.proof import Proof, compose_opening, compose_proof
from kaipiao.evidence.published import opening_of
from kaipiao.fiscal.draft import Draft
from kaipiao.ports import Mark
from kaipiao.seal.certificate import make_certificate
from tests.unit.delivery.renditions.invoices import IMPRINT, issued
from tests.unit.evidence.fakes import NOW, make_leaves, make_signer
from tests.unit.evidence.rfc6962 import slow_path

SIGNER = make_signer()
VKEY = str(SIGNER.verifier)
SALT = bytes(range(16))
INDEX, SIZE = 5, 11


def proven(draft: Draft) -> Source:
    """An issued invoice and its receipt."""
    invoice = msgspec.structs.replace(issued(draft), salt=SALT, log_index=INDEX)
    opening = opening_of(invoice)
    leaves = make_leaves(SIZE)
    leaves[INDEX] = opening.leaf()
    checkpoint = Checkpoint(SIGNER.name, SIZE, tree_root(leaves))
    proof = Proof(
        INDEX,
        tuple(slow_path(INDEX, leaves)),
        compose_note(compose_checkpoint(checkpoint), [SIGNER]),
        compose_opening(opening),
    )
    return Source(invoice=invoice, imprint=IMPRINT, receipt=compose_proof(proof).encode())


@lru_cache(maxsize=1)
def _seal() -> tuple[bytes, bytes, bytes]:
    private, public = make_keys()
    certificate = make_certificate(
        "示例开票平台", private_key=private, public_key=public, serial=7, made_at=NOW
    )
    return private, public, certificate


def sign_here(data: bytes) -> Mark:
    """A ``Sign`` with a key made for this run."""
    private, public, certificate = _seal()
    signature = sign(data, private_key=private, public_key=public)
    return Mark(
        signature=signature, certificate=certificate, algorithm=SM2_WITH_SM3_OID, who="示例"
    )
