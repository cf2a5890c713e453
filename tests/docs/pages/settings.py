"""Everything that the operator of a cell may choose."""

from dataclasses import fields

from kaipiao.app.limits import BOUNDS
from kaipiao.app.settings import PREFIX, Described, describe_settings
from kaipiao.gateway.limits import Limits
from tests.docs.markdown import row

INTRO = """\
# Settings

Four places, and the first that speaks wins: a flag of `kaipiao up`, the environment, `config.json`
in the data folder, the default.

| setting | flag | environment | default | 中文 | English |
|---|---|---|---|---|---|
"""

LIMITS = """
## Limits of the API

They have no flags: set them in the environment or in `config.json`. They are read when a cell
starts, and hold for each process that answers HTTP. What callers meet is in [http](http.md).

接口的各项上限, 只能由环境变量或 `config.json` 设置, 启动时读取, 对每个应答进程分别生效。

| setting | environment | default | least | most | 中文 | English |
|---|---|---|---|---|---|---|
"""


def render() -> str:
    settings = "".join(map(render_setting, describe_settings()))
    return INTRO + settings + LIMITS + "".join(map(render_limit, BOUNDS))


def render_limit(name: str) -> str:
    default = next(one.default for one in fields(Limits) if one.name == name)
    least, most, zh, en = BOUNDS[name]
    numbers = (f"{number:,}" for number in (default, least, most))
    return row(f"`{name}`", f"`{PREFIX}{name.upper()}`", *numbers, zh, en)


def render_setting(setting: Described) -> str:
    default = f"`{setting.default}`" if setting.default else ""
    names = (f"`{name}`" for name in (setting.name, setting.flag, setting.env))
    return row(*names, default, setting.zh, setting.en)
