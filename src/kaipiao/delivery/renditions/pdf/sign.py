"""A PDF signed as PAdES baseline B-B (EN 319 142-1), behind the file as it was.

The signature is an incremental update: not a byte of the typeset file changes, so the attached XML
and what makes it PDF/A-3 stay as they were.  It has no picture and no place on a page.  The same
file and key give the same bytes.

``/M`` is the instant of issue, or that of the key if it is younger: a stable one, and no claim of
when anybody looked.  When the invoice was there, its receipt proves.

pyHanko is imported when the first one is signed: 0.6 s.
"""

import hashlib
import io
from datetime import datetime
from typing import Any

from kaipiao.delivery.renditions.make import PlainSigner
from kaipiao.delivery.renditions.pdf.cms import bytes_reserved, compose_cms

FIELD = "Platform"


def sign_pdf(pdf: bytes, signer: PlainSigner, issued_at: datetime) -> bytes:
    """``pdf`` and the signature after it."""
    from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
    from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
    from pyhanko.sign.signers.pdf_byterange import SignatureObject

    placeholder = SignatureObject(
        timestamp=max(issued_at, signer.made_at),
        subfilter=SigSeedSubFilter.PADES,
        name=signer.who,
        bytes_reserved=2 * bytes_reserved(signer.certificate),  # in hexadecimal
    )
    embedder = PdfCMSEmbedder(new_field_spec=SigFieldSpec(FIELD, on_page=0))
    steps = embedder.write_cms(FIELD, _appending(pdf))
    next(steps)
    steps.send(SigObjSetup(sig_placeholder=placeholder))
    prepared, signed = steps.send(SigIOSetup(md_algorithm="sha256"))
    steps.send(compose_cms(prepared.document_digest, signer.certificate, signer.sign))
    assert isinstance(signed, io.BytesIO)
    return signed.getvalue()


def _appending(pdf: bytes) -> Any:
    """pyHanko's writer, but for the two things in which no two files would be the same."""
    from pyhanko.pdf_utils.generic import ByteStringObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    class Appending(IncrementalPdfFileWriter):
        def _update_meta(self) -> None:
            """The description of the document stays the typesetter's, to the byte."""

    writer = Appending(io.BytesIO(pdf))
    writer._document_id[1] = ByteStringObject(hashlib.sha256(pdf).digest()[:16])
    return writer
