"""Invoices (发票): what was issued, and the receipt that says so."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NewType

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.number import InvoiceNumber

IdempotencyKey = NewType("IdempotencyKey", str)
"""The caller's own name for one sale: 1 to 128 printable ASCII characters, unique for a seller."""


KEY_MAX = 128


def parse_key(text: str) -> IdempotencyKey:
    """Read a key that came from outside.

    Raises:
        ValueError: if it is empty, too long, or has anything but visible ASCII in it.
    """
    if not (0 < len(text) <= KEY_MAX and text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(f"a key is 1 to {KEY_MAX} visible ASCII characters, got {text!r}")
    return IdempotencyKey(text)


class Amounts(msgspec.Struct, frozen=True, gc=False):
    """Net and tax of one line or of a whole invoice; signed."""

    net_fen: Fen
    tax_fen: Fen

    @property
    def gross_fen(self) -> Fen:
        return Fen(self.net_fen + self.tax_fen)


def totals_of(lines: Iterable[Amounts]) -> Amounts:
    """Totals are exact: the sum of the lines, nothing rounded again."""
    net_fen = tax_fen = 0
    for line in lines:
        net_fen += line.net_fen
        tax_fen += line.tax_fen
    return Amounts(Fen(net_fen), Fen(tax_fen))


def flatten(lines: Iterable[Amounts]) -> tuple[int, ...]:
    """Net, tax, net, tax, …: how amounts travel where there are thousands a second."""
    return tuple([fen for line in lines for fen in (line.net_fen, line.tax_fen)])


def pair_up(amounts: Sequence[int]) -> tuple[Amounts, ...]:
    """What ``flatten`` made, as it was."""
    pairs = zip(amounts[::2], amounts[1::2], strict=True)
    return tuple([Amounts(Fen(net_fen), Fen(tax_fen)) for net_fen, tax_fen in pairs])


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer to "did it go through?": the same bytes for ever, however often it is asked."""

    number: InvoiceNumber
    issued_at: datetime  # an instant, UTC
    seller: str
    key: IdempotencyKey
    digest: Digest  # of the invoice's canonical draft
    totals: Amounts
    replayed: bool = False  # not part of the receipt: says that this is a repeat


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """An issued invoice, original or red letter, exactly as it will stand for ever."""

    number: InvoiceNumber
    issued_at: datetime
    key: IdempotencyKey
    digest: Digest
    draft: Draft
    lines: tuple[Amounts, ...]  # one for each line of the draft
    log_index: int | None = None  # its place in the evidence log, once sequenced
    salt: bytes = b""  # opens its leaf; only for those who may see the invoice

    @property
    def totals(self) -> Amounts:
        return totals_of(self.lines)
