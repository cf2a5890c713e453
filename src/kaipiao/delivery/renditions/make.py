"""Which kinds of rendition there are, and how one is made.

A writer is pure: the same source, the same bytes, but for a signature, of which no two are the
same.  What it needs beside the source it asks the ``Press`` for: another rendition to attach,
a signature.  Writers are imported when they are first used.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from typing import NamedTuple, Protocol

import msgspec

from kaipiao.delivery.renditions.source import Imprint, Source
from kaipiao.errors import Outage
from kaipiao.ports import Mark


class Row(NamedTuple):
    """One kind.  Raise ``version`` whenever its writer's bytes change, and what was kept is made
    anew; so it is when what it ``attaches`` changes.
    """

    media_type: str
    version: int
    writer: str  # "module:function", a Writer
    attaches: tuple[str, ...] = ()  # other kinds inside this one
    carries_receipt: bool = True
    is_text: bool = False  # may be shown on a terminal as it is


ROWS: Mapping[str, Row] = {
    "xbrl": Row(
        "application/xml",
        1,
        "kaipiao.delivery.renditions.xbrl:render",
        carries_receipt=False,
        is_text=True,
    ),
    "xml": Row(
        "application/xml", 2, "kaipiao.delivery.renditions.einvoice.write:render", is_text=True
    ),
    "ofd": Row("application/ofd", 1, "kaipiao.delivery.renditions.ofd.writer:render", ("xml",)),
    "ofd-xbrl": Row(
        "application/ofd",
        1,
        "kaipiao.delivery.renditions.ofd.writer:render_with_xbrl",
        ("xml", "xbrl"),
    ),
    "pdf": Row("application/pdf", 2, "kaipiao.delivery.renditions.pdf.render:render_pdf", ("xml",)),
    "pdf-xbrl": Row(
        "application/pdf",
        2,
        "kaipiao.delivery.renditions.pdf.render:render_pdf_with_xbrl",
        ("xml", "xbrl"),
    ),
    "png": Row(
        "image/png",
        1,
        "kaipiao.delivery.renditions.pdf.render:render_png",
        carries_receipt=False,
    ),
}


class Rendition(msgspec.Struct, frozen=True, kw_only=True):
    """One document, ready to hand out."""

    content: bytes
    media_type: str
    file_name: str  # ASCII: the number and what it is


class CannotRender(Exception):
    """This invoice cannot be put into this kind of document; why, and what to do instead."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


Sign = Callable[[bytes], Mark]
"""Signs, or raises Outage."""


class PlainSigner(Protocol):
    """ECDSA on P-256 over SHA-256, which programs everywhere check; the key stays where it is."""

    certificate: bytes  # X.509, DER
    who: str
    made_at: datetime

    def sign(self, data: bytes) -> bytes:
        """DER, r and s; the same data, the same signature."""
        ...


class Press:
    """Makes renditions; without ``sign``, none has a signature of the trade (SM2), without
    ``plain`` none has one that programs elsewhere check.
    """

    def __init__(self, sign: Sign | None = None, plain: PlainSigner | None = None) -> None:
        self._sign = sign
        self.plain = plain
        self.signer_was_away = False

    @property
    def can_sign(self) -> bool:
        """Whether it is worth saying what is to be signed."""
        return self._sign is not None

    def mark(self, data: bytes) -> Mark | None:
        """A signature over ``data``; None: there is no signer, or it does not answer now."""
        try:
            return self._sign(data) if self._sign else None
        except Outage:
            self.signer_was_away = True
            return None

    def render(self, source: Source, kind: str) -> bytes:
        """The bytes of one rendition.

        Raises:
            KeyError: there is no such kind.
            CannotRender: the document cannot say what the invoice says.
        """
        return writer_of(kind)(source, self)


Writer = Callable[[Source, Press], bytes]


def writer_of(kind: str) -> Writer:
    module, _, function = ROWS[kind].writer.partition(":")
    writer: Writer = getattr(import_module(module), function)
    return writer


def as_rendition(number: str, kind: str, content: bytes) -> Rendition:
    row = ROWS[kind]
    ending, _, inside = kind.partition("-")
    name = f"{number}-xbrl.xml" if kind == "xbrl" else f"{number}{inside and '-xbrl'}.{ending}"
    return Rendition(content=content, media_type=row.media_type, file_name=name)


def edition_of(kind: str, imprint: Imprint) -> str:
    """What the bytes depend on beside the invoice and its receipt, in a few letters."""
    row = ROWS[kind]
    versions = [row.version, *(edition_of(inside, imprint) for inside in row.attaches)]
    return hashlib.sha256(msgspec.json.encode([versions, imprint])).hexdigest()[:10]


def etag_of(rendition: Rendition) -> str:
    """Of the bytes: the same document, the same tag, from any process."""
    return f'"{hashlib.sha256(rendition.content).hexdigest()[:32]}"'
