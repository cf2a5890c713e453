"""What people outside know: what they asked for, and what they heard.

Whatever was heard once is a promise.  A book compares every answer with what it already holds,
at the moment when it is heard.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Literal

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.errors import Refusal
from kaipiao.fiscal.confirmation import Confirmation, Use
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.twin.cell import Desk

KeyOf = tuple[str, IdempotencyKey]
"""A seller, and its own name for one sale."""

Work = Callable[[Desk], Coroutine[Any, Any, Receipt]]


class Ask(msgspec.Struct, frozen=True):
    """One thing that somebody wants issued, in a way that can be repeated to the letter."""

    name: str
    seller: str
    key: IdempotencyKey
    kind: Literal["sale", "red letter"]
    work: Work
    digest: Digest | None = None  # of the draft, where the caller knows it

    @property
    def key_of(self) -> KeyOf:
        return self.seller, self.key


class Book:
    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.receipts: dict[KeyOf, Receipt] = {}
        self.promised: dict[str, Receipt] = {}  # by the name of the ask
        self.forms: dict[str, Confirmation] = {}  # as they were first heard
        self.uses: dict[str, set[Use]] = {}
        self.broken: list[str] = []

    def hear(self, ask: Ask, receipt: Receipt) -> None:
        """A yes: the same as every yes before, and to what was asked."""
        first = self.receipts.setdefault(ask.key_of, as_first(receipt))
        self.promised.setdefault(ask.name, first)
        if as_first(receipt) != first:
            self.broken.append(f"{ask.name}: a repeat heard {receipt.number}, not {first.number}")
        if (receipt.seller, receipt.key) != ask.key_of:
            self.broken.append(f"{ask.name}: the receipt is for {receipt.seller} {receipt.key}")
        if ask.digest is not None and receipt.digest != ask.digest:
            self.broken.append(f"{ask.name}: the receipt is for another content")

    def hear_no(self, ask: Ask, promised: Receipt | None, refusal: Refusal) -> None:
        """A no: never to a question that was put after a yes was heard."""
        if promised is not None:
            self.broken.append(f"{ask.name}: {promised.number} was promised, now {refusal.code}")

    def hear_form(self, form: Confirmation) -> None:
        first = self.forms.setdefault(form.form_id, form)
        if (form.original, form.ask, form.started_by) != (
            first.original,
            first.ask,
            first.started_by,
        ):
            self.broken.append(f"form {form.form_id} says something else than at first")

    def hear_use(self, number: InvoiceNumber, use: Use) -> None:
        self.uses.setdefault(number, set()).add(use)


def as_first(receipt: Receipt) -> Receipt:
    """A receipt without the remark that it is a repeat."""
    return msgspec.structs.replace(receipt, replayed=False)
