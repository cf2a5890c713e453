"""The checked route leads to the primary, or nowhere."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from kaipiao.continuity.cluster.places import Tls
from kaipiao.continuity.cluster.route import compose_route, find_envoy, render_route
from kaipiao.continuity.cluster.tls import tls_here
from tests.unit.continuity.clusters import describe, with_bundles


def test_the_route_is_checked_twice_a_second_even_when_nobody_calls(tmp_path: Path) -> None:
    (cluster,) = compose_route(describe(tmp_path), Tls(tmp_path))["static_resources"]["clusters"]
    (check,) = cluster["health_checks"]

    assert check["http_health_check"] == {"path": "/primary"}
    assert check["interval"] == check["no_traffic_interval"] == "0.5s"


def test_patroni_is_asked_over_tls_and_postgresql_passes_as_it_comes(tmp_path: Path) -> None:
    (cluster,) = compose_route(describe(tmp_path), Tls(tmp_path))["static_resources"]["clusters"]
    (check,), (match,) = cluster["health_checks"], cluster["transport_socket_matches"]
    trusted = match["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]

    assert check["transport_socket_match_criteria"] == match["match"]
    assert trusted == {"trusted_ca": {"filename": str(tmp_path / "ca.crt")}}
    assert "transport_socket" not in cluster, "what no match takes is passed on"


def test_a_route_that_finds_no_primary_leads_nowhere(tmp_path: Path) -> None:
    (cluster,) = compose_route(describe(tmp_path), Tls(tmp_path))["static_resources"]["clusters"]

    assert cluster["common_lb_config"]["healthy_panic_threshold"] == {"value": 0}
    assert cluster["close_connections_on_host_health_failure"] is True


def test_a_member_without_data_is_never_a_primary(tmp_path: Path) -> None:
    assert b"192.0.2.3" not in render_route(describe(tmp_path), Tls(tmp_path))


@pytest.mark.skipif(find_spec("envoy") is None, reason="Envoy is not installed (extra `cluster`)")
def test_envoy_itself_finds_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "envoy.json"
    cluster = with_bundles(tmp_path)
    path.write_bytes(render_route(cluster, tls_here(cluster)))

    judged = subprocess.run(
        [find_envoy(), "--mode", "validate", "-c", path, "--disable-hot-restart"],
        capture_output=True,
        text=True,
    )

    assert judged.returncode == 0, judged.stderr
