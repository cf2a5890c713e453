"""Time stamps (可信时间戳, RFC 3161): an authority's word that a signed note was there by then.

The token stands in the note itself, as one more signature line, so that a receipt carries it and
a verifier needs no second file; whoever does not know its kind passes over it.  signed-note has
no type for RFC 3161: ours is 0xff and a longer identifier, as it asks for.

What is stamped is every byte of the note before that line: the text, our signature and all the
cosignatures.  So it still says that those signatures are old, when some day their keys are not
to be trusted any more.  What stands in the line is the authority's whole answer, in DER.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from kaipiao.evidence.cosignature import compose_line
from kaipiao.evidence.note import Note, Signature, is_key_name, key_id_of

if TYPE_CHECKING:  # loading it takes longer than most commands
    from cryptography.x509 import Certificate

KIND = b"\xffkaipiao RFC 3161 time stamp v1"
CERTIFICATES_BYTES_MAX = 256 * 1024
TOKEN_BYTES_MAX = 64 * 1024
TOKENS_MAX = 4
"""Tokens looked at in one note; each costs about a millisecond."""
TOKENS_REMEMBERED = 256


def stamp_key_id(name: str) -> bytes:
    return key_id_of(name, KIND)


def stamp_line(name: str, token: bytes) -> str:
    """The line to put under a note; ``name`` says whose token it is, for people."""
    assert is_key_name(name)
    return compose_line(Signature(name, stamp_key_id(name), token))


def is_stamp(signature: Signature) -> bool:
    return signature.key_id == stamp_key_id(signature.name)


def stamped_bytes(text: str, signatures: Sequence[Signature]) -> bytes:
    """The bytes of a note with these signatures; a note has one spelling, so these are its own."""
    return f"{text}\n{''.join(compose_line(signature) for signature in signatures)}".encode()


class Authority:
    """Certificates that somebody trusts to say what time it was."""

    def __init__(
        self, roots: "Sequence[Certificate]", others: "Sequence[Certificate]" = ()
    ) -> None:
        assert roots
        self._roots = list(roots)
        self._others = list(others)
        self._time_of = lru_cache(maxsize=TOKENS_REMEMBERED)(self._judge)

    def stamped_at(self, note: Note) -> int | None:
        """The Unix second of the oldest good token in this note; None if there is none."""
        places = [at for at, signature in enumerate(note.signatures) if is_stamp(signature)]
        times = [
            self._time_of(
                note.signatures[at].signature, stamped_bytes(note.text, note.signatures[:at])
            )
            for at in places[:TOKENS_MAX]
        ]
        return min((time for time in times if time is not None), default=None)

    def time_of(self, token: bytes, message: bytes, *, nonce: int | None = None) -> datetime:
        """When the authority saw ``message``.

        Raises:
            ValueError: the token is none, is about something else, or by nobody trusted.
        """
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

        if len(token) > TOKEN_BYTES_MAX:
            raise ValueError(f"a token has at most {TOKEN_BYTES_MAX} bytes")
        verifier = VerifierBuilder(
            roots=list(self._roots), intermediates=list(self._others), nonce=nonce
        ).build()
        try:
            answer = decode_timestamp_response(token)
            verifier.verify_message(answer, message)
        except VerificationError as error:
            raise ValueError(f"the token does not hold: {error}") from None
        return answer.tst_info.gen_time

    def _judge(self, token: bytes, message: bytes) -> int | None:
        try:
            return int(self.time_of(token, message).timestamp())
        except ValueError:
            return None


def parse_authority(pem: bytes) -> Authority:
    """Read the certificates of an authority, one of them its root, one after another (PEM).

    Raises:
        ValueError: there is no certificate, or none that is a root.
    """
    from cryptography.x509 import load_pem_x509_certificates

    if len(pem) > CERTIFICATES_BYTES_MAX:
        raise ValueError(f"certificates take at most {CERTIFICATES_BYTES_MAX} bytes")
    found = load_pem_x509_certificates(pem)
    roots = [one for one in found if one.issuer == one.subject]
    if not roots:
        raise ValueError("none of these certificates is a root (issued by itself)")
    return Authority(roots, [one for one in found if one not in roots])
