"""``POST /v1/invoices``, straight from the bytes.

1. may they     key and permission, before anything is read
2. read         bounded, then strictly decoded; on failure look again for everything wrong
3. for whom     the key must act for the draft's seller
4. issue        goes on to its end even if the caller hangs up
"""

import msgspec

from kaipiao.base.canonical import canonical
from kaipiao.base.repeated import repeats_a_member
from kaipiao.errors import Malformed
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import Receipt
from kaipiao.gateway.arriving import Arriving
from kaipiao.gateway.faults import find_faults
from kaipiao.gateway.finish import finish
from kaipiao.gateway.identity import authorize
from kaipiao.gateway.mending import broken_rules
from kaipiao.gateway.reading import JSON_TYPES, check_media_type, idempotency_key, read_body
from kaipiao.gateway.shapes import view_receipt
from kaipiao.gateway.visit import JSON, NO_STORE, Answer, Receive, Visit
from kaipiao.gateway.wiring import Services

REPLAYED = (b"idempotency-replayed", b"true")

decode_draft = msgspec.json.Decoder(Draft).decode
encode = msgspec.json.Encoder().encode


class IssueCall:
    """Answers the issuing call."""

    def __init__(self, services: Services, arriving: Arriving) -> None:
        self._arriving = arriving
        self._issuing = services.issuing
        self._limits = services.limits

    async def __call__(self, visit: Visit, receive: Receive) -> Answer:
        api_key = authorize(visit.key, "issue")
        check_media_type(visit, JSON_TYPES)
        key = idempotency_key(visit)
        limits = self._limits
        body = await read_body(
            receive,
            visit,
            self._arriving,
            limit_bytes=limits.max_body_bytes,
            timeout_s=limits.body_timeout_s,
        )
        draft = self._read(body)
        authorize(api_key, "issue", draft.seller.taxpayer_id)
        issuing = self._issuing.issue(draft, key=key)
        return answer_receipt(await finish(issuing, timeout_s=limits.answer_timeout_s))

    def _read(self, body: bytes) -> Draft:
        """The draft; or, with the faults of its form, the rules that the rest of it breaks."""
        try:
            return read_draft(body)
        except Malformed as malformed:
            malformed.violations += broken_rules(body, malformed.violations, self._issuing.check)
            raise


def read_draft(body: bytes) -> Draft:
    """The draft that a body holds.

    Raises:
        Malformed: with every fault of its form.
    """
    try:
        draft = decode_draft(body)
    except (ValueError, RecursionError):
        raise Malformed(find_faults(body, Draft)) from None
    if repeats_a_member(body, canonical(draft)):
        raise Malformed(find_faults(body, Draft))
    return draft


def answer_receipt(receipt: Receipt) -> Answer:
    """201 with the receipt; a repeat is 200 with the very same bytes, and says so."""
    where = (b"location", b"/v1/invoices/" + receipt.number.encode())
    body = encode(view_receipt(receipt))
    if receipt.replayed:
        return Answer(200, body, (JSON, NO_STORE, where, REPLAYED))
    return Answer(201, body, (JSON, NO_STORE, where))
