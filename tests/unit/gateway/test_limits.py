"""Limits: documented every one, and none in the way of a lawful invoice."""

import re
from dataclasses import fields
from pathlib import Path

import msgspec

from kaipiao.gateway.limits import Limits
from kaipiao.regimes.cn.limits import HEADER_TEXTS, LINE_TEXTS, LINES_MAX
from tests.strategies import make_line

PAGE = Path(__file__).parents[3] / "docs/reference/http.md"


def test_the_largest_lawful_invoice_fits_into_a_body() -> None:
    """Every text at its limit in Chinese, every number at its longest, two thousand times."""
    texts = {limit.path[1:]: "票" * limit.hard for limit in LINE_TEXTS}
    line = make_line(
        **texts,
        net_fen=-(10**18),
        gross_fen=-(10**18),
        tax_fen=-(10**18),
        quantity="9" * 16 + "." + "9" * 13,
        unit_price="9" * 16 + "." + "9" * 13,
        nature="discounted",
        treatment="zero_rated",
        deduction_fen=10**18,
    )
    header = sum(3 * limit.hard for limit in HEADER_TEXTS)
    size = LINES_MAX * (len(msgspec.json.encode(line)) + 1) + header + 2_000

    assert size < Limits().max_body_bytes < 10_000_000


def test_the_reference_lists_every_limit_with_its_value() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d,.]+) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    told = {name: float(value.replace(",", "")) for name, value in rows.items()}

    assert told == {one.name: float(getattr(Limits(), one.name)) for one in fields(Limits)}


def test_every_limit_names_its_unit() -> None:
    units = ("_bytes", "_lines", "_s", "_headers", "_keys", "_flight", "_imports", "_violations")
    counts = ("rate_burst", "anonymous_burst")  # calls

    assert all(one.name.endswith(units) or one.name in counts for one in fields(Limits))
