"""Bodies that callers send, beside drafts and reversal asks (``fiscal``)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kaipiao.fiscal.confirmation import Side, Use
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.erasure import WHY_CHARS_MAX, Ground
from kaipiao.fiscal.money import MAX_FEN
from kaipiao.fiscal.red_letter import LineAsk, Reason

Permission = Literal["issue", "read", "confirm", "grant", "deliver", "admin", "audit", "erase"]
_END = r"$(?!\n)"  # Python's $ alone would let a newline pass at the very end
_PRINTED = rf"^[^\x00-\x1f\x7f]*{_END}"

Number = Annotated[str, Meta(pattern=rf"^[0-9]{{20}}{_END}")]
FormId = Annotated[str, Meta(pattern=rf"^([0-9]{{20}})?{_END}")]
TaxpayerScope = Annotated[str, Meta(pattern=rf"^([0-9A-Z]{{15,20}}|\*){_END}")]
ShortText = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PRINTED)]
Issuer = Annotated[str, Meta(max_length=150, pattern=_PRINTED)]
Remark = Annotated[str, Meta(max_length=300, pattern=_PRINTED)]  # the rest names the original
LimitFen = Annotated[int, Meta(ge=0, le=MAX_FEN)]

AskedLines = Annotated[tuple[LineAsk, ...], Meta(max_length=2_000)]


class _Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing unknown is taken."""


class BatchLine(_Ask, frozen=True):
    """One line of a batch."""

    key: str
    draft: Draft


class RedLetterAsk(_Ask, frozen=True):
    """What to take back; without `lines`, all that is left.

    `confirmation` names the form under which it was agreed, where one is needed.
    """

    reason: Reason
    lines: AskedLines = ()
    issuer: Issuer = ""
    remark: Remark = ""
    confirmation: FormId = ""


class OpenForm(_Ask, frozen=True):
    """A confirmation form to open.  `by` is needed only if the key acts for both sides."""

    number: Number
    reason: Reason
    lines: AskedLines = ()
    issuer: Issuer = ""
    remark: Remark = ""
    by: Side | None = None


class UseAsk(_Ask, frozen=True):
    use: Use


class ErasureAsk(_Ask, frozen=True):
    """`why` is shown to whoever asks for the invoice afterwards: it names no person.

    `ground`: `retention-over`, `order` (of a court or an authority), or `unlawful` (handled so).
    """

    why: Annotated[str, Meta(min_length=1, max_length=WHY_CHARS_MAX, pattern=_PRINTED)]
    ground: Ground
    confirm: Number


class CreditAsk(_Ask, frozen=True):
    limit_fen: LimitFen


class KeyAsk(_Ask, frozen=True):
    """A new API key.  `taxpayers` holds the ids it may act for; `*` stands for all."""

    tenant: ShortText
    name: ShortText
    may: Annotated[tuple[Permission, ...], Meta(min_length=1)]
    taxpayers: Annotated[tuple[TaxpayerScope, ...], Meta(min_length=1, max_length=1_000)]
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
