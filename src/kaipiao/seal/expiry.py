"""When a certificate ends, whoever made it."""

from datetime import datetime

from cryptography import x509


def ends_at(pem: bytes) -> datetime:
    """The last instant (UTC) at which the first certificate of ``pem`` holds (RFC 5280, 4.1.2.5).

    Raises ValueError: there is none in it.
    """
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc
