"""Where we may connect to, on behalf of a stranger who gave us a URL.

Whoever may name a URL could otherwise have us call our own database, a neighbour's machine, or
the address where clouds keep a machine's credentials.  So an address must be one of the public
Internet; every disguise of IPv4 inside IPv6 is looked through; what is left must be allowed by
name in the setting ``webhook_networks``.  Judge the very address that is connected to.
"""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL = 2_000
_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_CLOSED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",        # this network
        "100.64.0.0/10",    # carriers' NAT; some clouds keep credentials here (100.100.100.200)
        "169.254.0.0/16",   # link-local; most clouds keep credentials here (169.254.169.254)
        "192.0.0.0/24",     # protocol assignments (192.0.0.192 is a cloud's)
        "192.88.99.0/24",   # 6to4 relays
        "198.18.0.0/15",    # benchmarks
        "224.0.0.0/4",      # multicast
        "240.0.0.0/4",      # reserved, broadcast
        "168.63.129.16/32", # a cloud's host, on a public address
        "fec0::/10",        # site-local of old
        "ff00::/8",         # multicast
    )
)  # fmt: skip


class TargetRefused(ValueError):
    """We do not connect there; the text says why."""


def parse_networks(text: str) -> tuple[Network, ...]:
    """``10.1.0.0/16, 127.0.0.1``.  Raises ValueError."""
    parts = (part.strip() for part in text.split(","))
    return tuple(ip_network(part) for part in parts if part)


def inner_address(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does (mapped, NAT64, 6to4, Teredo)."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    return address


def is_public(address: Address) -> bool:
    """Whether this is an address that anybody on the Internet could reach."""
    real = inner_address(address)
    if isinstance(real, IPv6Address) and (real in _NAT64_LOCAL or real.scope_id is not None):
        return False
    closed = any(real.version == network.version and real in network for network in _CLOSED)
    return real.is_global and not real.is_multicast and not real.is_reserved and not closed


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Whether the operator named it."""
    real = inner_address(address)
    return any(real.version == network.version and real in network for network in networks)


def check_address(text: str, networks: Sequence[Network]) -> None:
    """Raises TargetRefused unless the address (as a resolver gives it) may be connected to."""
    try:
        address = ip_address(text)
    except ValueError:
        raise TargetRefused(f"{text} is no address") from None
    if not is_public(address) and not is_allowed(address, networks):
        raise TargetRefused(f"{text} is not an address of the public Internet")


def check_url(url: str, networks: Sequence[Network]) -> None:
    """Raises TargetRefused if nothing at this URL could be called, whatever it resolves to.

    Without TLS only where the operator allows networks of its own.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise TargetRefused(f"not a URL: {error}") from None
    if len(url) > MAX_URL or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise TargetRefused(f"a URL is at most {MAX_URL} visible ASCII characters")
    if parts.scheme != "https" and not (parts.scheme == "http" and networks):
        raise TargetRefused("a URL starts with https://")
    if not parts.hostname or port == 0:
        raise TargetRefused("the URL names no host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise TargetRefused("a URL holds no user, password or fragment: the signature tells us")
    try:
        ip_address(parts.hostname)
    except ValueError:
        return  # a name: its addresses are checked when we connect
    check_address(parts.hostname, networks)
