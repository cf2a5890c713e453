"""Special-business elements read and write as tagged JSON, and nothing slips in."""

import msgspec
import pytest

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.element import Construction, Element, RefinedOil, element_code
from kaipiao.regimes.cn.elements import ELEMENT_NAMES
from tests.strategies import lawful_draft

CLASSES = Element.__args__  # type: ignore[attr-defined]


def test_every_code_has_one_struct_and_one_name() -> None:
    codes = [cls.__struct_config__.tag for cls in CLASSES]

    assert codes == [f"{code:02}" for code in range(1, 20)]
    assert set(codes) == set(ELEMENT_NAMES)


def test_every_struct_is_frozen_strict_and_says_what_it_is() -> None:
    for cls in CLASSES:
        config = cls.__struct_config__
        assert config.frozen, cls
        assert config.forbid_unknown_fields, cls
        assert config.omit_defaults, cls
        assert cls.__doc__, cls


def test_an_element_travels_inside_its_draft() -> None:
    draft = lawful_draft(
        element=Construction(place="江苏省苏州市", project="一期", cross_city=True)
    )
    raw = msgspec.json.encode(draft)

    assert b'"element":{"code":"03"' in raw
    assert msgspec.json.decode(raw, type=Draft) == draft
    assert element_code(RefinedOil()) == "01"


@pytest.mark.parametrize("raw", ['{"code":"03"}', '{"code":"99"}', '{"code":"01","colour":"red"}'])
def test_a_missing_unknown_or_extra_field_is_refused(raw: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=Element)
