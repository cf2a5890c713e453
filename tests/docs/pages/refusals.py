"""Every refusal there is, in its own words."""

import inspect

from kaipiao.errors import Refusal
from kaipiao.gateway.problems import STATUS
from tests.docs.markdown import row

INTRO = """\
# Refusals

Every *no* that Kaipiao can say. It arrives over HTTP as a problem document (RFC 9457) with this
`code`, on the command line as exit code 1. The code is stable: it may be retired, never given a
second meaning. The texts may be reworded; `{facts}` are filled in. *Ask again* says whether the
same request, with the same key, may be answered differently a moment later.
"""


def render() -> str:
    refusals = sorted(STATUS, key=lambda refusal: refusal.code)
    return "\n".join([INTRO, *map(render_refusal, refusals)])


def render_refusal(refusal: type[Refusal]) -> str:
    meaning = inspect.cleandoc(refusal.__doc__ or "").replace("``", "`")
    table = (
        row("", "")
        + row("---", "---")
        + row("HTTP status", STATUS[refusal].status)
        + row("ask again", "yes" if refusal.retryable else "no")
        + row("中文", refusal.zh)
        + row("English", refusal.en)
    )
    return f"## `{refusal.code}`\n\n{meaning}\n\n{table}"
