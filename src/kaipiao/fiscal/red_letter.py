"""Red-letter invoices (红字发票): taking back an invoice, in whole or in part.

An issued invoice is never edited or deleted.  It is answered by a second one, with negative
amounts, that names it.  Together they may reach zero; they may never pass it.
"""

from typing import Literal

import msgspec

Reason = Literal["01", "02", "03", "04"]
"""01 开票有误, 02 销货退回, 03 服务中止, 04 销售折让."""


class LineAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of one line to take back; without an amount, all that is left of it."""

    line: int
    net_fen: int | None = None


class ReversalAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a side asks to take back; without ``lines``, everything that is left."""

    reason: Reason
    lines: tuple[LineAsk, ...] = ()
    issuer: str = ""
    remark: str = ""


class LineTaken(msgspec.Struct, frozen=True, gc=False):
    """What one red letter takes from one line, and what that line held; all positive."""

    line: int
    net_fen: int
    tax_fen: int
    of_net_fen: int
    of_tax_fen: int


class TakenBack(msgspec.Struct, frozen=True, gc=False):
    """What one red letter takes from its original."""

    original: str
    lines: tuple[LineTaken, ...]
