"""OFDs for the tests here: made by the product, signed with a seal made now."""

import asyncio
import functools
from collections.abc import Mapping
from datetime import UTC, datetime

from kaipiao.base.sm import make_keys
from kaipiao.delivery.renditions.ofd.document import Attachment
from kaipiao.delivery.renditions.ofd.render import render_ofd
from kaipiao.fiscal.draft import Draft
from kaipiao.ports import Mark
from kaipiao.seal.certificate import make_certificate
from kaipiao.seal.local import LocalSeal
from tests.made_documents import packed, unpacked
from tests.unit.delivery.renditions.invoices import source_of

ATTACHED = Attachment("notes.xml", b"<notes>not an invoice</notes>")
SIGNATURE = "Doc_0/Signs/Sign_0/Signature.xml"
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"
LISTING = "Doc_0/Signs/Signatures.xml"


@functools.cache
def a_seal(name: str = "kaipiao.example/31-1") -> LocalSeal:
    private_key, public_key = make_keys()
    certificate = make_certificate(
        name,
        private_key=private_key,
        public_key=public_key,
        serial=1,
        made_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
    return LocalSeal(private_key=private_key, public_key=public_key, certificate=certificate)


def sign(data: bytes) -> Mark:
    return asyncio.run(a_seal().seal(data))


def unsigned_ofd(draft: Draft) -> bytes:
    return render_ofd(source_of(draft))


def signed_ofd(draft: Draft) -> bytes:
    return render_ofd(source_of(draft), attachments=(ATTACHED,), sign=sign)


def parts_of(draft: Draft) -> dict[str, bytes]:
    """A signed one, taken apart."""
    return unpacked(signed_ofd(draft))


def with_parts(parts: Mapping[str, bytes], **changes: bytes) -> bytes:
    return packed({**parts, **changes})
