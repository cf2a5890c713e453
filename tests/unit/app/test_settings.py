"""A setting comes from the first place that names it, and a wrong one says where it came from."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.app.settings import Settings, SettingsWrong, describe_settings, load_settings

PLACES = st.sampled_from(["flag", "environment", "file"])
SECRET = "postgresql://user:hunter2@db/kaipiao"


def write_config(folder: Path, **values: object) -> None:
    (folder / "config.json").write_bytes(msgspec.json.encode(values))


@given(st.sets(PLACES))
def test_the_first_place_that_speaks_wins(
    tmp_path_factory: pytest.TempPathFactory, spoken: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("cell")
    if "file" in spoken:
        write_config(folder, port=1003)
    flags = {"data": str(folder), "port": "1001" if "flag" in spoken else None}
    environ = {"KAIPIAO_PORT": "1002"} if "environment" in spoken else {}
    expected = next(
        (
            port
            for place, port in (("flag", 1001), ("environment", 1002), ("file", 1003))
            if place in spoken
        ),
        8720,
    )

    assert load_settings(flags, environ).port == expected


@pytest.mark.parametrize(
    "name, value",
    [("port", "70000"), ("port", "x"), ("area", "7"), ("channel", "10"), ("log_origin", "a b")],
)
def test_a_wrong_value_says_which_setting_and_where_it_came_from(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        load_settings({"data": str(tmp_path)}, {f"KAIPIAO_{name.upper()}": value})

    assert name in wrong.value.en
    assert f"KAIPIAO_{name.upper()}" in wrong.value.en
    assert name in wrong.value.zh


def test_an_unknown_setting_in_the_file_is_refused_and_the_known_ones_are_named(
    tmp_path: Path,
) -> None:
    write_config(tmp_path, prot=8720)

    with pytest.raises(SettingsWrong, match=r"prot.*port"):
        load_settings({"data": str(tmp_path)}, {})


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")

    with pytest.raises(SettingsWrong, match=r"config\.json"):
        load_settings({"data": str(tmp_path)}, {})


def test_the_database_address_is_never_shown(tmp_path: Path) -> None:
    settings = load_settings({"data": str(tmp_path)}, {"KAIPIAO_DSN": SECRET})

    assert settings.dsn == SECRET
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in f"{settings}"


def test_every_setting_is_described_in_both_languages() -> None:
    described = {setting.name: setting for setting in describe_settings()}

    assert set(described) == set(Settings.__struct_fields__) - {"limits"}
    assert all(setting.zh and setting.en for setting in described.values())


def test_a_relative_data_folder_means_the_same_after_a_change_of_folder(tmp_path: Path) -> None:
    assert Path(load_settings({"data": "here"}, {}).data).is_absolute()
