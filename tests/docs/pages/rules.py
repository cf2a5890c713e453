"""Every objection that the law of China can raise."""

from kaipiao.regimes.cn.catalogue import SAYINGS
from tests.docs.markdown import row

INTRO = """\
# Rules

What the law of China (`kaipiao.regimes.cn`) can object to in a draft. All objections come at once,
each with a JSON pointer to its place. A *warning* never stops an invoice. Codes are stable: they
may be retired, never given a second meaning. `{facts}` are filled in.

| code | weight | 中文 | English |
|---|---|---|---|
"""


def render() -> str:
    rows = [
        row(f"`{code}`", saying.severity, saying.zh, saying.en)
        for code, saying in sorted(SAYINGS.items())
    ]
    return INTRO + "".join(rows)
