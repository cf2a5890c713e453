"""A PostgreSQL that speaks TLS: which one, what it is told, and what its callers show."""

from pathlib import Path

from kaipiao.continuity.cluster.places import Tls
from kaipiao.continuity.cluster.server import Server
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.programs import Programs, find_programs, find_programs_in

OPENSSL = b"libssl.so"
"""What a server that speaks TLS asks the loader for."""


def find_server(server: Server, *, written_by: int | None) -> Programs:
    """Raises DatabaseWontStart: there is none, it cannot read the data, or it speaks no TLS."""
    if not server.binaries:
        return find_programs(written_by=written_by)
    programs = find_programs_in([Path(server.binaries)], written_by=written_by)
    if OPENSSL not in (programs.bin / "postgres").read_bytes():
        raise DatabaseWontStart(
            zh=f"{programs.bin} 中的 PostgreSQL 不支持 TLS。请换用系统软件包的, 或删除 binaries。",
            en=f"The PostgreSQL in {programs.bin} speaks no TLS. Name your distribution's, or take "
            "binaries out of the description.",
        )
    return programs


def compose_tls_parameters(tls: Tls) -> dict[str, int | str]:
    """What the server is told, if it speaks TLS."""
    return {
        "ssl": "on",
        "ssl_cert_file": str(tls.member),
        "ssl_key_file": str(tls.member),
        "ssl_ca_file": str(tls.authority),
        "ssl_min_protocol_version": "TLSv1.2",
    }


def compose_tls_login(tls: Tls) -> dict[str, str]:
    """What whoever calls another member's server shows, and whom he believes."""
    return {
        "sslmode": "verify-ca",
        "sslrootcert": str(tls.authority),
        "sslcert": str(tls.member),
        "sslkey": str(tls.member),
    }
