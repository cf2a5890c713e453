"""``vendors.json`` in the data folder: who seals, how they are reached, what they may cost us.

    {"networks": ["10.1.0.0/16"],
     "vendors": [
       {"name": "acme", "kind": "http", "url": "https://seal.acme.example",
        "certificate": "acme.crt", "secret": "secrets/acme.secret",
        "timeout_ms": 3000, "at_once": 2, "per_second": 500},
       {"name": "own-sm2", "kind": "sm2"},
       {"name": "own-ed25519", "kind": "ed25519"}]}

Paths are below the data folder unless absolute.  Whoever reads it is told of every fault at once.
"""

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from kaipiao.base.secret_file import read_secret
from kaipiao.fiscal.seal import SealKey, VendorKind
from kaipiao.seal.certificate import parse_pem
from kaipiao.seal.check import seal_key

FILE_NAME = "vendors.json"
MAX_VENDORS = 16
SECRET_CHARS_MAX = 1_024
CERTIFICATE_CHARS_MAX = 65_536


class VendorPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One vendor as its operator wrote it down."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]
    kind: VendorKind
    url: str = ""
    certificate: str = ""  # file, PEM: whose signatures are believed
    secret: str = ""  # file: the bearer secret
    ca: str = ""  # file, PEM: an authority of your own for https
    timeout_ms: Annotated[int, Meta(ge=10, le=60_000)] = 3_000
    at_once: Annotated[int, Meta(ge=1, le=64)] = 2
    per_second: Annotated[int, Meta(ge=1, le=100_000)] = 500


class Plans(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    vendors: list[msgspec.Raw]
    networks: list[str] = []


class Reached(NamedTuple):
    """A vendor elsewhere: what is needed to speak to it.  The secret is in no repr."""

    url: str
    key: SealKey
    secret: str
    ca: Path | None

    def __repr__(self) -> str:
        return f"<Reached {self.key.vendor} at {self.url}>"


class Listed(NamedTuple):
    plan: VendorPlan
    reached: Reached | None  # None for a key of our own


class RosterWrong(ValueError):
    """``vendors.json`` cannot be used; ``faults`` says all that is wrong with it."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__(f"{path}: " + "; ".join(faults))
        self.path = path
        self.faults = faults


def has_roster(folder: Path) -> bool:
    """Whether this cell has vendors at all."""
    return (folder / FILE_NAME).exists()


def read_roster(folder: Path) -> list[Listed]:
    """All vendors of the cell whose data folder this is; none where there is no such file.

    Raises:
        RosterWrong: with every fault there is.
    """
    path = folder / FILE_NAME
    try:
        plans = msgspec.json.decode(path.read_bytes(), type=Plans)
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RosterWrong(path, [str(error)]) from None
    faults: list[str] = []
    networks = _networks(plans.networks, faults)
    listed = [_listed(folder, n, raw, networks, faults) for n, raw in enumerate(plans.vendors)]
    found = [one for one in listed if one is not None]
    faults += _check_together(found, len(plans.vendors))
    if faults:
        raise RosterWrong(path, faults)
    return found


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(texts: Iterable[str], faults: list[str]) -> list[Network]:
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            faults.append(f"networks: {error}")
    return networks


def _check_together(found: list[Listed], count: int) -> list[str]:
    names = [one.plan.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = [f"the name {name} is given twice" for name in twice]
    if not 1 <= count <= MAX_VENDORS:
        faults.append(f"there are {count} vendors; list 1 to {MAX_VENDORS}, or delete the file")
    return faults


def _listed(
    folder: Path, place: int, raw: msgspec.Raw, networks: list[Network], faults: list[str]
) -> Listed | None:
    """One vendor, or None after its faults were added."""
    try:
        plan = msgspec.json.decode(raw, type=VendorPlan)
    except msgspec.DecodeError as error:
        faults.append(f"vendors[{place}]: {error}")
        return None
    own = [f"{plan.name}: {fault}" for fault in _check_alone(plan, networks)]
    reached = None
    if plan.kind == "http" and not own:
        own, reached = _reach(folder, plan)
    faults += own
    return None if own else Listed(plan, reached)


def _check_alone(plan: VendorPlan, networks: list[Network]) -> Iterable[str]:
    given = {name for name in ("url", "certificate", "secret", "ca") if getattr(plan, name)}
    if plan.kind != "http":
        yield from (f"{name} is for vendors of the kind http" for name in sorted(given))
        return
    yield from (f"{name} is missing" for name in sorted({"url", "certificate", "secret"} - given))
    if "url" in given and (why := _url_fault(plan.url, networks)):
        yield why


def _url_fault(url: str, networks: list[Network]) -> str:
    """Why we do not speak to this address; empty if we do."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        assert parts.port != 0
    except (ValueError, AssertionError):
        return f"{url} is no URL"
    if parts.username or parts.password or parts.query or parts.fragment or not host:
        return f"{url} should be https://host, with a port or path if need be, and no more"
    if parts.scheme == "https":
        return ""
    if parts.scheme == "http" and _is_near(host, networks):
        return ""
    return f"{url} should be https; http is for this machine and for addresses in networks"


def _is_near(host: str, networks: list[Network]) -> bool:
    """This machine, or an address (not a name: another may answer for it) the operator named."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or any(address in network for network in networks)


def _reach(folder: Path, plan: VendorPlan) -> tuple[list[str], Reached | None]:
    faults: list[str] = []
    key, secret = None, ""
    try:
        text = (folder / plan.certificate).read_text("ascii")[:CERTIFICATE_CHARS_MAX]
        key = seal_key(plan.name, parse_pem("CERTIFICATE", text))
    except (OSError, ValueError) as error:
        faults.append(f"{plan.name}: certificate: {error}")
    try:
        secret = read_secret(folder / plan.secret, chars_max=SECRET_CHARS_MAX).strip()
        if not (secret.isascii() and secret.isprintable() and secret):
            faults.append(f"{plan.name}: secret: {plan.secret} does not hold one line of ASCII")
    except (OSError, ValueError) as error:
        faults.append(f"{plan.name}: secret: {error}")
    ca = folder / plan.ca if plan.ca else None
    if ca and not ca.is_file():
        faults.append(f"{plan.name}: ca: there is no file {ca}")
    if faults or key is None:
        return faults, None
    return [], Reached(plan.url, key, secret, ca)
