"""Receipts: made from the published files alone, verified with nothing but the key."""

from itertools import count
from time import perf_counter

from bench.evidence.logs import Log
from kaipiao.evidence.verdict import verify_receipt

CROWD = 1_000
"""Invoices whose receipts are made together."""
STRIDE = 7_919
"""Prime, so that one by one they are asked for all over the log."""
VERIFIED = 256


def made_rate(log: Log, *, seconds: float) -> float:
    """In crowds of neighbours, as they were issued."""
    began, made = perf_counter(), 0
    for start in count(0, CROWD):
        at = start % (len(log.invoices) - CROWD)
        made += len(log.published.graded_receipts(log.invoices[at : at + CROWD]))
        if perf_counter() - began >= seconds:
            return made / (perf_counter() - began)
    raise AssertionError


def made_singly_rate(log: Log, *, seconds: float) -> float:
    """One by one from anywhere, the checkpoint read again for each: what the API does."""
    began, made = perf_counter(), 0
    while perf_counter() - began < seconds:
        log.published.graded_receipt(log.invoices[made * STRIDE % len(log.invoices)])
        made += 1
    return made / (perf_counter() - began)


def verified_rate(log: Log, *, seconds: float) -> float:
    """One after another, as ``kaipiao verify`` judges them."""
    vkey, step = str(log.signer.verifier), len(log.invoices) // VERIFIED
    texts = [log.published.receipt(invoice) for invoice in log.invoices[::step]]
    began, judged = perf_counter(), 0
    while perf_counter() - began < seconds:
        for text in texts:
            assert verify_receipt(text, vkey).is_genuine
        judged += len(texts)
    return judged / (perf_counter() - began)
