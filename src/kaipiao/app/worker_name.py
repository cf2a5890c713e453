"""What a worker calls itself where it leases work that others could take, too."""

import secrets
import socket
from os import getpid


def compose_name() -> str:
    """Of a worker: no other, here or elsewhere, before or after, is called so."""
    return f"{socket.gethostname()}:{getpid()}:{secrets.token_hex(4)}"
