"""One mail: handed to the operator's relay, and judged by its answer.

2yz    delivered: the relay has it, which is all that SMTP can tell
5yz    about this mail or its reader: never; the mail is dead until a person asks again
4yz    later
anything about the relay itself (no answer, sign-in, TLS)   later, and the relay rests
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage

import aiosmtplib
import msgspec

from kaipiao.delivery.renditions.make import Rendition
from kaipiao.delivery.sending.letter import MAX_ENCLOSED_BYTES, compose_mail
from kaipiao.delivery.sending.relay import Relay
from kaipiao.errors import Refusal
from kaipiao.fiscal.delivery import AttemptOutcome, Letter, Parcel, Verdict
from kaipiao.fiscal.invoice import Invoice
from kaipiao.fiscal.number import InvoiceNumber, parse_number
from kaipiao.ports import Clock

TIMEOUT_S = 60.0
"""One mail, from the connection to the relay's last word."""

ANSWER_WITHIN_S = 30.0
SAID_CHARS = 200

Enclose = Callable[[Invoice, str], Awaitable[Rendition]]
"""Makes one rendition of an invoice, by its kind.  Raises Outage, or the refusals of the desk."""

FindInvoice = Callable[[InvoiceNumber], Awaitable[Invoice | None]]


class MailSender:
    """Sends the parcels of channel ``mail``."""

    def __init__(
        self, relay: Relay | None, *, find: FindInvoice, enclose: Enclose, clock: Clock
    ) -> None:
        self._relay = relay
        self._find = find
        self._enclose = enclose
        self._clock = clock

    async def send(self, parcel: Parcel) -> Verdict:
        """Raises Outage: the invoice or a rendition cannot be had now."""
        if self._relay is None:
            return _relay_fault("no mail relay is set: see the setting mail_host")
        began = time.monotonic()
        verdict = await self._send(self._relay, parcel)
        took_ms = round((time.monotonic() - began) * 1000)
        return msgspec.structs.replace(verdict, took_ms=took_ms)

    async def _send(self, relay: Relay, parcel: Parcel) -> Verdict:
        letter = msgspec.json.decode(parcel.body, type=Letter)
        invoice = await self._find(parse_number(parcel.subject))
        assert invoice is not None, "a delivery names an issued invoice"
        try:
            enclosures = [await self._enclose(invoice, kind) for kind in letter.renditions]
        except Refusal as refusal:  # the proof is not ready, or this document cannot be made
            outcome: AttemptOutcome = "again" if refusal.retryable else "never"
            return Verdict(outcome=outcome, said=_printable(refusal.text(letter.language)))
        if sum(len(one.content) for one in enclosures) > MAX_ENCLOSED_BYTES:
            return Verdict(
                outcome="never", said=f"the renditions exceed {MAX_ENCLOSED_BYTES} bytes"
            )
        mail = compose_mail(
            parcel, letter, invoice, enclosures, sender=relay.sender, at=self._clock.now()
        )
        return await hand_over(relay, mail, letter.send_to[0])


async def hand_over(relay: Relay, mail: EmailMessage, reader: str) -> Verdict:
    """Give one mail to the relay, for one reader."""
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.security == "tls",
        start_tls=relay.security == "starttls",
        timeout=ANSWER_WITHIN_S,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await client.connect()
            if relay.user:
                await client.login(relay.user, relay.password)
            _, said = await client.send_message(mail, recipients=[reader])
            await client.quit()
    except aiosmtplib.SMTPAuthenticationError as error:
        return _relay_fault(f"the relay refused our sign-in: {error.code}", error.code)
    except aiosmtplib.SMTPRecipientsRefused as error:
        return _of_code(error.recipients[0].code, error.recipients[0].message)
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
        return _of_code(error.code, error.message)
    except aiosmtplib.SMTPResponseException as error:
        return _relay_fault(f"{error.code} {error.message}", error.code)
    except (OSError, TimeoutError, aiosmtplib.SMTPException, ValueError) as error:
        return _relay_fault(str(error) or type(error).__name__)
    finally:
        client.close()
    return Verdict(outcome="delivered", status=250, said=_printable(said))


def _of_code(code: int, said: str) -> Verdict:
    return Verdict(
        outcome="never" if code >= 500 else "again",
        status=code,
        said=_printable(f"{code} {said}"),
        is_lane_at_fault=code == 421,  # the relay closes
    )


def _relay_fault(why: str, status: int = 0) -> Verdict:
    return Verdict(outcome="again", status=status, said=_printable(why), is_lane_at_fault=True)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:SAID_CHARS]
