"""Areas, kinds and reasons are the tables that they claim to be."""

import csv
from pathlib import Path

import pytest

from kaipiao.fiscal.draft import Kind
from kaipiao.regimes.cn.areas import AREAS, is_area
from kaipiao.regimes.cn.kinds import (
    ISSUE_CODES,
    KIND_NAMES,
    QR_NAMES,
    QR_TYPES,
    VERIFIABLE,
    VERIFY_CODES,
)
from kaipiao.regimes.cn.policy import REASONS

LIST = Path(__file__).parents[4] / "../shared/samples/lists/gb2260_provinces.csv"


@pytest.mark.skipif(not LIST.exists(), reason="../shared is absent")
def test_the_provinces_are_those_of_the_standard() -> None:
    with LIST.open(encoding="utf-8") as rows:
        provinces = {int(row["code"]): row["name"] for row in csv.DictReader(rows)}

    assert {code: name for code, name in AREAS.items() if code < 91} == provinces


def test_the_five_cities_planned_on_their_own() -> None:
    assert [code for code in AREAS if code > 90] == [91, 92, 93, 94, 95]
    assert is_area(95)
    assert not is_area(90)
    assert not is_area(71)


def test_every_kind_has_every_code() -> None:
    kinds: tuple[Kind, ...] = ("special", "ordinary")
    for kind in kinds:
        assert kind in KIND_NAMES
        assert ISSUE_CODES[kind] in {"01", "02"}
        assert VERIFY_CODES[kind] in VERIFIABLE
        assert QR_TYPES[kind] in QR_NAMES


def test_the_four_reasons() -> None:
    assert [zh for zh, _ in REASONS.values()] == ["开票有误", "销货退回", "服务中止", "销售折让"]
