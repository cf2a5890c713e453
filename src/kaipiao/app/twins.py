"""Which modules run compiled here, and which by their twins in Python (ADR-0012)."""

from importlib.util import find_spec

TWINS = (
    "kaipiao.gateway._plain_answer",
    "kaipiao.gateway._plain_request",
    "kaipiao.regimes.cn._passage",
)


def missing_twins() -> list[str]:
    """Those that were not compiled when the package was installed."""
    return [name for name in TWINS if find_spec(name) is None]
