"""Every limit of the API may be set, within bounds that its default keeps, and says so if not."""

from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from kaipiao.app.limits import BOUNDS, PARTS
from kaipiao.app.orders import Orders, encode_orders
from kaipiao.app.settings import SettingsWrong, load_settings
from kaipiao.gateway.limits import Limits

NAMES = [one.name for one in fields(Limits)]


def test_every_limit_has_bounds_and_no_other() -> None:
    assert list(BOUNDS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_comes_from_the_environment_or_the_file(tmp_path: Path, name: str) -> None:
    bound, default = BOUNDS[name], getattr(Limits(), name)
    assert bound.least <= default <= bound.most
    assert bound.zh
    assert bound.en
    folder = {"data": str(tmp_path)}

    unset = load_settings(folder, {}).limits
    (tmp_path / "config.json").write_bytes(msgspec.json.encode({name: bound.most}))
    wholes = {whole for part, whole in PARTS if part == name}
    environ = {f"KAIPIAO_{whole.upper()}": str(10**10) for whole in wholes}
    from_file = load_settings(folder, environ).limits
    small = {name} | {part for part, whole in PARTS if whole == name}
    spoken = {f"KAIPIAO_{one.upper()}": str(bound.least) for one in small}
    from_environment = load_settings(folder, spoken).limits

    assert unset == Limits()
    assert getattr(from_file, name) == bound.most
    assert getattr(from_environment, name) == bound.least


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["-1", "1e99", "many", ""])
def test_a_wrong_limit_says_which_and_where_it_came_from(
    tmp_path: Path, name: str, value: str
) -> None:
    env = f"KAIPIAO_{name.upper()}"
    if not value:  # an empty variable is one that is not set
        assert load_settings({"data": str(tmp_path)}, {env: value}).limits == Limits()
        return
    with pytest.raises(SettingsWrong) as wrong:
        load_settings({"data": str(tmp_path)}, {env: value})

    assert name in wrong.value.en
    assert env in wrong.value.en
    assert env in wrong.value.zh


@pytest.mark.parametrize("part, whole", PARTS)
def test_one_caller_may_not_take_more_than_there_is(tmp_path: Path, part: str, whole: str) -> None:
    with pytest.raises(SettingsWrong, match=whole):
        load_settings({"data": str(tmp_path)}, {f"KAIPIAO_{whole.upper()}": "2000000"})


def test_a_child_gets_the_limits_that_were_set(tmp_path: Path) -> None:
    settings = load_settings({"data": str(tmp_path)}, {"KAIPIAO_RATE_BURST": "7"})
    told = encode_orders(Orders(settings=settings, dsn="", name="serve-0"))

    heard = msgspec.json.decode(told, type=Orders).settings
    assert heard == settings
    assert heard.limits.rate_burst == 7
