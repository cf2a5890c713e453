"""What Patroni is told: PostgreSQL, who may lead, and that nothing is acknowledged alone.

The timings were tried (ADR-0022).  Patroni gives up leadership after ``RETRY_S`` without an
answer of its store, and another takes it ``TTL_S`` after the last sign of life; its own rule
``loop_wait + 2 * retry_timeout <= ttl`` is what keeps the two from overlapping.
"""

import json
from typing import Any

from kaipiao.continuity.cluster import secrets, store_secrets
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.places import Home
from kaipiao.continuity.cluster.server_tls import compose_tls_login, compose_tls_parameters
from kaipiao.continuity.cluster.store import endpoints
from kaipiao.continuity.cluster.store_secrets import compose_store_files, compose_store_login
from kaipiao.ledger.embedded.passwords import BACKUP, ROOT
from kaipiao.ledger.embedded.programs import Programs
from kaipiao.ledger.embedded.settings import ON_LINUX, STEADY, Size, has_syncfs

TTL_S = 5
LOOP_S = 1
RETRY_S = 2
"""With 1 a slow store and a lost one look the same, and nobody ever leads."""

LAG_MAX_BYTES = 1024 * 1024
"""A standby that is further behind does not stand for election."""

LOG_MAX_BYTES = 10 * 1024 * 1024
LOG_FILES = 4
"""A line a second: about four days."""

NAMESPACE = "/kaipiao/"

EVERYWHERE: dict[str, int | str] = {
    "max_connections": 100,
    "max_wal_senders": 12,
    "max_replication_slots": 12,
    "wal_level": "replica",
    "wal_log_hints": "on",  # pg_rewind
    "hot_standby": "on",
}
"""What must be the same on every member: a standby refuses to start with less."""

NETWORK: dict[str, int | str] = {
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "200ms",
    "tcp_keepalives_idle": 2,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 3000,
}
"""A machine that is gone says nothing: these notice it."""

BACKUPS: dict[str, int | str] = {"summarize_wal": "on"}
"""Incremental base backups are made from the summaries."""

_PATRONIS_OWN = {"listen_addresses", "port", "max_connections", "wal_level"}


def compose_patroni(
    description: Description, member: Member, home: Home, programs: Programs, size: Size
) -> dict[str, Any]:
    """All of ``patroni.yml`` for a member.

    Raises:
        BundleMissing: the passwords are not there.
    """
    ports = description.ports
    whole: dict[str, Any] = _identity(description, member, home)
    own, authority = str(home.tls.member), str(home.tls.authority)
    whole["restapi"] = {
        "listen": f"{member.address}:{ports.patroni}",
        "connect_address": f"{member.address}:{ports.patroni}",
        "authentication": _login(home, secrets.PATRONI),
        "certfile": own,
        "cafile": authority,
        "verify_client": "required",
    }
    whole["ctl"] = {"certfile": own, "cacert": authority}  # what it shows to the others
    whole["bootstrap"] = {"dcs": _shared(size), "initdb": _initdb(programs)}
    whole["postgresql"] = _postgresql(description, member, home, programs, size)
    whole["watchdog"] = {"mode": "off"}
    return whole | _store(description, member, home)


def compose_voter(description: Description, member: Member, home: Home) -> dict[str, Any]:
    """The same for a member that holds no data: its raft's vote, and nothing else."""
    return _identity(description, member, home) | _store(description, member, home)


def render_patroni(whole: dict[str, Any]) -> bytes:
    """JSON is YAML as well, and cannot be misread."""
    return b"# Written anew at every start.\n" + json.dumps(whole, indent=1).encode() + b"\n"


def _identity(description: Description, member: Member, home: Home) -> dict[str, Any]:
    return {
        "scope": description.name,
        "namespace": NAMESPACE,
        "name": member.name,
        "tags": {},  # what a disk without room adds is written by the node (``guard.py``)
        "log": {
            "level": "INFO",
            "dir": str(home.patroni_log),
            "file_size": LOG_MAX_BYTES,
            "file_num": LOG_FILES,
        },
    }


def _login(home: Home, name: str) -> dict[str, str]:
    user, password = secrets.login(home, name)
    return {"username": user, "password": password}


def _shared(size: Size) -> dict[str, Any]:
    """What the store holds for all: strict, so that one member alone acknowledges nothing."""
    return {
        "ttl": TTL_S,
        "loop_wait": LOOP_S,
        "retry_timeout": RETRY_S,
        "maximum_lag_on_failover": LAG_MAX_BYTES,
        "primary_start_timeout": 0,  # a dead primary is not waited for: another takes over
        "failsafe_mode": True,  # a store that is all gone does not stop a cluster that is all there
        "synchronous_mode": "quorum",
        "synchronous_mode_strict": True,
        "synchronous_node_count": 1,
        "postgresql": {
            "use_pg_rewind": True,
            "use_slots": True,
            "parameters": EVERYWHERE | _remembered(size),
        },
    }


def _remembered(size: Size) -> dict[str, int | str]:
    """How much WAL is kept for others.

    A former primary is wound back to the last checkpoint before the histories part, and needs his
    own WAL since then; a checkpoint begins at about half of ``max_wal_size``.  More would only
    make it slower: a rewind copies every file of WAL there is.
    """
    return {"wal_keep_size": f"{size.wal_max_mb // 2}MB"}


def _initdb(programs: Programs) -> list[str | dict[str, str]]:
    options: list[str | dict[str, str]] = [
        {"encoding": "UTF8"},
        {"locale": "C"},  # bytes in byte order: indexes survive a move to another libc
        "data-checksums",
        {"auth": "scram-sha-256"},
    ]
    if programs.major >= 17:
        options += [{"locale-provider": "builtin"}, {"builtin-locale": "C.UTF-8"}]
    return options


def _postgresql(
    description: Description, member: Member, home: Home, programs: Programs, size: Size
) -> dict[str, Any]:
    address = f"{member.address}:{description.ports.postgres}"
    shown = compose_tls_login(home.tls) if description.server.speaks_tls else {}
    secret = compose_tls_parameters(home.tls) if description.server.speaks_tls else {}
    return {
        "listen": address,
        "connect_address": address,
        "use_unix_socket": True,  # a member that is cut off still reaches its own server
        "data_dir": str(home.data),
        "bin_dir": str(programs.bin),
        "pgpass": str(home.patroni_own / "pgpass"),
        "authentication": {
            "superuser": _login(home, ROOT) | shown,
            "replication": _login(home, secrets.REPLICATION) | shown,
            "rewind": _login(home, secrets.REWIND) | shown,
        },
        # What cannot be wound back is copied anew, from a primary that has every commit.  Otherwise
        # it would start on the old history, fail, and start again, for ever.
        "remove_data_directory_on_rewind_failure": True,
        # Without it a new standby waits for the next checkpoint, a quarter of an hour away.
        "basebackup": [{"checkpoint": "fast"}],
        "pg_hba": compose_logins(description),
        "parameters": _parameters(home, size, programs) | secret,
    }


def compose_logins(description: Description) -> list[str]:
    """Who may knock, and with what: the members, and a password, always.

    Over TLS alone where the server speaks it; who copies all shows a certificate then, too.
    """
    is_secret = description.server.speaks_tls
    host, shown = ("hostssl", " clientcert=verify-ca") if is_secret else ("host", "")
    lines = ["local all all scram-sha-256", f"local replication {BACKUP} scram-sha-256"]
    for member in description.with_data:
        lines += [
            f"{host} all all {member.address}/32 scram-sha-256",
            f"{host} replication {secrets.REPLICATION} {member.address}/32 scram-sha-256{shown}",
            f"{host} replication {BACKUP} {member.address}/32 scram-sha-256",
        ]
    return lines


def _parameters(home: Home, size: Size, programs: Programs) -> dict[str, int | str]:
    """The house's settings of one machine, and what three need on top."""
    steady = [*STEADY, *(ON_LINUX if has_syncfs() else ())]
    parameters: dict[str, int | str] = {
        one.name: one.value.strip("'") for one in steady if one.name not in _PATRONIS_OWN
    }
    return {
        **parameters,
        **NETWORK,
        **(BACKUPS if programs.major >= 17 else {}),
        "unix_socket_directories": str(home.sockets),
        "log_directory": str(home.postgres_log),
        "shared_buffers": f"{size.buffers_mb}MB",
        "min_wal_size": f"{size.wal_min_mb}MB",
        "max_wal_size": f"{size.wal_max_mb}MB",
        # A member that stays away must not fill the others' disks; it is copied anew if it must.
        "max_slot_wal_keep_size": f"{2 * size.wal_max_mb}MB",
    }


def _store(description: Description, member: Member, home: Home) -> dict[str, Any]:
    if description.dcs.kind == "etcd":
        return {"etcd3": _etcd(description, home)}
    port = description.ports.raft
    return {
        "raft": {
            "data_dir": str(home.patroni_own / "raft"),
            "self_addr": f"{member.address}:{port}",
            "partner_addrs": [f"{one.address}:{port}" for one in description.others(member)],
            "password": secrets.login(home, secrets.RAFT).password,
        }
    }


def _etcd(description: Description, home: Home) -> dict[str, Any]:
    """Ours by the members' certificates; the operator's by what it asks for."""
    urls = list(endpoints(description).values())
    hosts = [url.partition("://")[2] for url in urls]
    whole: dict[str, Any] = {"hosts": hosts, "protocol": urls[0].partition(":")[0]}
    if description.dcs.run:
        files = dict.fromkeys(("cert", "key"), str(home.tls.member))
        return whole | files | {"cacert": str(home.tls.authority)}
    login = compose_store_login(description.dcs, home.secrets / store_secrets.FOLDER)
    return whole | login | compose_store_files(home.store_files)
