"""From an issued invoice to its XML."""

from kaipiao.base.markup import parse_xml
from kaipiao.delivery.renditions.einvoice.evidence import (
    NAME,
    compose_evidence,
    compose_signature,
)
from kaipiao.delivery.renditions.einvoice.leaves import canonical_leaves, leaves_of
from kaipiao.delivery.renditions.einvoice.visible import compose_visible
from kaipiao.delivery.renditions.make import Press
from kaipiao.delivery.renditions.source import Source
from kaipiao.ports import Mark

_DECLARATION = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n'
SIGNATURE = f"{NAME}/Signature"
_END = f"  </{NAME}>\n</EInvoice>\n"


def render(source: Source, press: Press) -> bytes:
    """The XML, signed if the press can sign."""
    unsigned = render_einvoice(source)
    mark = press.mark(signed_bytes(unsigned))
    return add_signature(unsigned, mark) if mark else unsigned


def render_einvoice(source: Source) -> bytes:
    """The XML without a signature: the same source, the same bytes."""
    invoice = source.invoice
    visible = compose_visible(invoice.number, invoice.issued_at, invoice.draft, invoice.lines)
    return f"{_DECLARATION}<EInvoice>\n{visible}{compose_evidence(source)}{_END}".encode()


def signed_bytes(xml: bytes) -> bytes:
    """What the signature in this file is, or will be, over."""
    return canonical_leaves(leaves_of(parse_xml(xml), without=SIGNATURE))


def add_signature(unsigned: bytes, mark: Mark) -> bytes:
    end = _END.encode()
    return unsigned.removesuffix(end) + compose_signature(mark).encode() + end
