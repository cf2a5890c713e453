"""From an issued invoice to its XML."""

import re

from kaipiao.delivery.renditions.einvoice.evidence import (
    NAME,
    compose_evidence,
    compose_signature,
)
from kaipiao.delivery.renditions.einvoice.leaves import Leaves, canonical_leaves
from kaipiao.delivery.renditions.einvoice.markup import unescape
from kaipiao.delivery.renditions.einvoice.visible import compose_visible
from kaipiao.delivery.renditions.einvoice.xmldsig import add_xmldsig
from kaipiao.delivery.renditions.make import Press
from kaipiao.delivery.renditions.source import Source
from kaipiao.ports import Mark

ROOT = "EInvoice"
_TAG = re.compile(r"<(/?)([A-Za-z-]+)(/?)>([^<]*)")
_DECLARATION = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n'
SIGNATURE = f"{NAME}/Signature"
_END = f"  </{NAME}>\n</{ROOT}>\n"


def render(source: Source, press: Press) -> bytes:
    """The XML, signed if the press can sign."""
    unsigned = render_einvoice(source)
    mark = press.mark(bytes_to_sign(unsigned)) if press.can_sign else None
    if mark is None:
        return unsigned
    signed = add_signature(unsigned, mark)
    return add_xmldsig(signed, press.plain) if press.plain else signed


def render_einvoice(source: Source) -> bytes:
    """The XML without a signature: the same source, the same bytes."""
    invoice = source.invoice
    visible = compose_visible(invoice.number, invoice.issued_at, invoice.draft, invoice.lines)
    return f"{_DECLARATION}<{ROOT}>\n{visible}{compose_evidence(source)}{_END}".encode()


def bytes_to_sign(unsigned: bytes) -> bytes:
    """What the signature of this file, which we have just written, is over.

    Any other file has to be parsed: ``leaves_of``.  A test holds the two together.
    """
    leaves: Leaves = []
    path: list[str] = []
    last = None
    for closing, name, empty, text in _TAG.findall(unsigned.decode()):
        if closing:
            if last is not None:
                leaves.append(("/".join(path[1:]), unescape(last)))
            path.pop()
            last = None
        elif empty:
            leaves.append(("/".join((*path[1:], name)), ""))
            last = None
        else:
            path.append(name)
            last = text
    return canonical_leaves(leaves)


def add_signature(unsigned: bytes, mark: Mark) -> bytes:
    end = _END.encode()
    return unsigned.removesuffix(end) + compose_signature(mark).encode() + end
