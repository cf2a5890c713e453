"""The live feed: Envoy in front of the cell, which copies a share of the calls to the shadow.

Callers' answers come from the cell; what the shadow answers is dropped, and its own ledger
remembers it under the caller's key, where the log's feed finds it (``run.py``).  The shadow may be
slow or dead: a copy has a place among ``COPIES_AT_ONCE``, or is not made.

A caller's token never reaches the shadow, nor a file: on the copy, and on it alone, the shadow's
own key stands instead.  Copied is the issuing of one invoice, for nothing else means the same
there: a red letter names a number, and batches are followed in the log.

Pure: settings for Envoy, which reads three of them from files again whenever one is replaced.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from kaipiao.errors import Outage
from kaipiao.gateway.problems import compose_problem

Json = dict[str, Any]

CONNECTIONS = 16
COPIES_AT_ONCE = 2 * CONNECTIONS
"""Copies that the shadow has not answered; what comes while there are so many is not copied."""

CONNECT_WITHIN = "1s"
ISSUED_WITHIN = "60s"
"""The cell says 503 long before; it is the copy that needs an end."""

REST = "4s"
"""A connection that rested so long is not used again: the cell closes it after five."""

CHECK_EVERY = "0.5s"
BP_PER_UNIT = 10_000

_TYPE = "type.googleapis.com/envoy."
_ROUTES, _SHADOW, _KEY = "routes.json", "shadow.json", "key.json"
_NO_KEY = {"inline_string": "none"}
ADMIN = "admin.sock"


def compose_files(*, share_bp: int, shadow: str, key_file: str) -> dict[str, Json]:
    """What Envoy reads again when it changes, by file name.  ``shadow``: its address; may be ""."""
    return {
        _ROUTES: _resources(f"{share_bp}", _routes(share_bp)),
        _SHADOW: _resources(
            shadow,
            {"@type": f"{_TYPE}config.endpoint.v3.ClusterLoadAssignment"}
            | _assigned("shadow", [shadow] if shadow else []),
        ),
        _KEY: _resources(
            f"{shadow} {key_file}",
            {
                "@type": f"{_TYPE}extensions.transport_sockets.tls.v3.Secret",
                "name": "shadow-key",
                "generic_secret": {"secret": {"filename": key_file} if key_file else _NO_KEY},
            },
        ),
    }


def compose_bootstrap(folder: Path, *, host: str, port: int, cells: Sequence[str]) -> Json:
    """Envoy's own file.  ``cells``: addresses of the cell, several if it has several members."""
    return {
        "node": {"id": "shadow-route", "cluster": "shadow-route"},
        "admin": {"address": {"pipe": {"path": ADMIN, "mode": 0o600}}},
        "static_resources": {
            "listeners": [_listener(folder, host, port)],
            "clusters": [_cell(cells), _shadow(folder)],
        },
    }


def _listener(folder: Path, host: str, port: int) -> Json:
    manager = {
        "@type": f"{_TYPE}extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "calls",
        "rds": {"config_source": _watched(folder, _ROUTES), "route_config_name": "calls"},
        "generate_request_id": False,
        "server_header_transformation": "PASS_THROUGH",
        "request_headers_timeout": "10s",
        "local_reply_config": {
            "mappers": [
                {
                    "filter": {
                        "status_code_filter": {
                            "comparison": {
                                "op": "GE",
                                "value": {"default_value": 500, "runtime_key": "none"},
                            }
                        }
                    },
                    "status_code": 503,
                    "headers_to_add": [{"header": {"key": "retry-after", "value": "2"}}],
                    "body_format_override": {
                        "text_format_source": {"inline_string": _again()},
                        "content_type": "application/problem+json",
                    },
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": f"{_TYPE}extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            }
        ],
    }
    name = "envoy.filters.network.http_connection_manager"
    return {
        "name": "calls",
        "address": _at(host, port),
        "enable_reuse_port": False,  # a forgotten Envoy would take half the calls
        "filter_chains": [{"filters": [{"name": name, "typed_config": manager}]}],
    }


def _again() -> str:
    """The cell's own words for a question that got no answer."""
    problem, _ = compose_problem(Outage("cell"), language="en", request_id="-", max_violations=0)
    return msgspec.json.encode(problem).decode()


def _routes(share_bp: int) -> Json:
    copied = {
        "cluster": "shadow",
        "disable_shadow_host_suffix_append": True,
        "runtime_fraction": {
            "default_value": {"numerator": share_bp, "denominator": "TEN_THOUSAND"}
        },
    }
    issuing: Json = {
        "cluster": "cell",
        "timeout": ISSUED_WITHIN,
        # It carries a key: asked twice, it is issued once.
        "retry_policy": _retry("reset,connect-failure,refused-stream"),
    }
    if share_bp:
        issuing["request_mirror_policies"] = [copied]
    others = {
        "cluster": "cell",
        "timeout": "0s",  # a list that is read for long
        "retry_policy": _retry("reset-before-request,connect-failure,refused-stream"),
    }
    is_issuing = [
        {"name": ":method", "string_match": {"exact": "POST"}},
        {"name": "idempotency-key", "present_match": True},
    ]
    routes = [
        {"match": {"path": "/v1/invoices", "headers": is_issuing}, "route": issuing},
        {"match": {"prefix": "/"}, "route": others},
    ]
    return {
        "@type": f"{_TYPE}config.route.v3.RouteConfiguration",
        "name": "calls",
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
    }


def _retry(when: str) -> Json:
    return {"retry_on": when, "num_retries": 2, "host_selection_retry_max_attempts": 3}


def _cell(cells: Sequence[str]) -> Json:
    several = {
        "health_checks": [
            {
                "timeout": "0.8s",
                "interval": CHECK_EVERY,
                "no_traffic_interval": CHECK_EVERY,
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "http_health_check": {"path": "/readyz"},
            }
        ],
        "lb_policy": "LEAST_REQUEST",
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
    }
    return {
        "name": "cell",
        "type": "STATIC",
        "connect_timeout": CONNECT_WITHIN,
        "load_assignment": _assigned("cell", cells),
        "circuit_breakers": {"thresholds": [_many(100_000)]},  # the cell itself sheds
        **_protocol(),
        **(several if len(cells) > 1 else {}),
    }


def _shadow(folder: Path) -> Json:
    """``credential_injector`` replaces the caller's token, or lets the copy fail."""
    own_key = {
        "@type": f"{_TYPE}extensions.http.injected_credentials.generic.v3.Generic",
        "credential": {"name": "shadow-key", "sds_config": _watched(folder, _KEY)},
        "header_value_prefix": "Bearer ",
    }
    injected = {
        "@type": f"{_TYPE}extensions.filters.http.credential_injector.v3.CredentialInjector",
        "overwrite": True,
        "allow_request_without_credential": False,
        "credential": {
            "name": "envoy.http.injected_credentials.generic",
            "typed_config": own_key,
        },
    }
    codec = {"@type": f"{_TYPE}extensions.filters.http.upstream_codec.v3.UpstreamCodec"}
    filters = [
        {"name": "envoy.filters.http.credential_injector", "typed_config": injected},
        {"name": "envoy.filters.http.upstream_codec", "typed_config": codec},
    ]
    return {
        "name": "shadow",
        "type": "EDS",
        "connect_timeout": CONNECT_WITHIN,
        "eds_cluster_config": {"eds_config": _watched(folder, _SHADOW)},
        "circuit_breakers": {
            "thresholds": [
                _many(CONNECTIONS) | {"max_requests": COPIES_AT_ONCE}  # the rest waits
            ]
        },
        **_protocol(http_filters=filters),
    }


def _many(at_once: int) -> Json:
    names = ("max_connections", "max_pending_requests", "max_requests")
    return dict.fromkeys(names, at_once) | {"retry_budget": {"min_retry_concurrency": 50}}


def _protocol(**more: Any) -> Json:
    kind = f"{_TYPE}extensions.upstreams.http.v3.HttpProtocolOptions"
    options = {
        "@type": kind,
        "common_http_protocol_options": {"idle_timeout": REST},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {"typed_extension_protocol_options": {name: options | more}}


def _watched(folder: Path, name: str) -> Json:
    source = {"path": str(folder / name), "watched_directory": {"path": str(folder)}}
    return {"path_config_source": source, "resource_api_version": "V3"}


def _resources(version: str, *resources: Json) -> Json:
    return {"version_info": version, "resources": list(resources)}


def _assigned(name: str, urls: Sequence[str]) -> Json:
    hosts = [{"endpoint": {"address": _of_url(url)}} for url in urls]
    return {
        "cluster_name": name,
        "endpoints": [{"lb_endpoints": hosts}] if hosts else [],
    }


def _of_url(url: str) -> Json:
    parts = urlsplit(url)
    return _at(parts.hostname or "", parts.port or 80)


def _at(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}
