"""What a rendition is made from, whatever its kind.

The same source gives the same bytes, so a rendition may be thrown away and made again.
"""

import msgspec

from kaipiao.fiscal.invoice import Invoice


class Imprint(msgspec.Struct, frozen=True, kw_only=True):
    """Who made the document.  A rendition says that it is this platform's, and never a state's."""

    platform: str  # the operator's name for this cell, as it is printed
    verify_url: str = ""  # where anyone can verify (查验) the invoice; empty: nowhere online


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One issued invoice, and what belongs on every rendition of it."""

    invoice: Invoice
    imprint: Imprint
    receipt: bytes = b""  # its C2SP tlog-proof; empty while no checkpoint covers it
