"""Everything that the operator of a cell may choose."""

from tests.docs.markdown import row

from kaipiao.app.settings import Described, describe_settings

INTRO = """\
# Settings

Four places, and the first that speaks wins: a flag of `kaipiao up`, the environment, `config.json`
in the data folder, the default.

| setting | flag | environment | default | 中文 | English |
|---|---|---|---|---|---|
"""


def render() -> str:
    return INTRO + "".join(map(render_setting, describe_settings()))


def render_setting(setting: Described) -> str:
    default = f"`{setting.default}`" if setting.default else ""
    names = (f"`{name}`" for name in (setting.name, setting.flag, setting.env))
    return row(*names, default, setting.zh, setting.en)
