"""The operator's mail relay."""

from typing import Literal

import msgspec

Security = Literal["starttls", "tls", "none"]


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's mail server, and who we are there."""

    host: str
    port: int
    security: Security
    sender: str  # an address, or Name <address>
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Relay({self.host}:{self.port}, {self.security}, password=***)"
