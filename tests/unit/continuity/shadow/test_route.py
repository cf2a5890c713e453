"""What the route's Envoy is told: where copies go, how many, and with whose key."""

import json
from pathlib import Path
from typing import Any

import pytest

from kaipiao.continuity.shadow.mirror import compose_bootstrap, compose_files
from kaipiao.continuity.shadow.plan import Elsewhere
from kaipiao.continuity.shadow.route import RouteFolder

SHADOW = "http://127.0.0.1:8799"


def routes_of(share_bp: int) -> list[dict[str, Any]]:
    files = compose_files(share_bp=share_bp, shadow=SHADOW, key_file="key")
    [told] = files["routes.json"]["resources"]
    return list(told["virtual_hosts"][0]["routes"])


@pytest.mark.parametrize("share_bp", [1, 50, 10_000])
def test_only_single_invoices_are_copied_and_only_the_share(share_bp: int) -> None:
    issuing, others = routes_of(share_bp)
    [policy] = issuing["route"]["request_mirror_policies"]
    share = policy["runtime_fraction"]["default_value"]

    assert issuing["match"]["path"] == "/v1/invoices"
    assert share == {"numerator": share_bp, "denominator": "TEN_THOUSAND"}
    assert "request_mirror_policies" not in others["route"]


def test_switched_off_nothing_is_copied() -> None:
    assert all("request_mirror_policies" not in one["route"] for one in routes_of(0))


def test_only_what_carries_a_key_is_asked_again_when_an_answer_was_lost() -> None:
    issuing, others = (one["route"]["retry_policy"]["retry_on"].split(",") for one in routes_of(0))

    assert "reset" in issuing
    assert "reset" not in others


def test_the_shadows_key_stands_instead_of_the_callers_or_the_copy_fails() -> None:
    told = compose_bootstrap(Path("/f"), host="127.0.0.1", port=1, cells=[SHADOW])
    [shadow] = (one for one in told["static_resources"]["clusters"] if one["name"] == "shadow")
    [options] = shadow["typed_extension_protocol_options"].values()
    injector = options["http_filters"][0]["typed_config"]

    assert injector["overwrite"] is True
    assert injector["allow_request_without_credential"] is False


def test_several_members_are_asked_how_they_are_and_none_is_called_that_is_not_well() -> None:
    one, three = (
        compose_bootstrap(Path("/f"), host="127.0.0.1", port=1, cells=[SHADOW] * many)
        for many in (1, 3)
    )
    cells = [told["static_resources"]["clusters"][0] for told in (one, three)]

    assert ["health_checks" in cell for cell in cells] == [False, True]
    assert cells[1]["common_lb_config"]["healthy_panic_threshold"]["value"] == 0


def test_share_and_place_are_set_by_two_and_neither_forgets_the_other(tmp_path: Path) -> None:
    route = RouteFolder(tmp_path / "route")
    route.point(Elsewhere(SHADOW, "key"))
    route.set_share(500)
    assert (route.feed().share_bp, route.feed().shadow) == (500, SHADOW)
    route.point(None)

    assert (route.feed().share_bp, route.feed().shadow) == (500, "")
    told = json.loads((route.path / "shadow.json").read_text())
    assert told["resources"][0]["endpoints"] == []
    assert route.copied() is None
