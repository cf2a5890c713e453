"""The language of everything we say on a terminal: ``zh`` or ``en``.

``--lang`` wins, then ``KAIPIAO_LANG``, then the locale.  Help texts are chosen when a command's
module is imported, which happens after ``--lang`` was read.
"""

import os
from collections.abc import Mapping
from typing import Literal

Language = Literal["zh", "en"]

_LOCALE = ("KAIPIAO_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def language_of(environ: Mapping[str, str]) -> Language:
    """The first of the variables that is set decides."""
    for name in _LOCALE:
        if value := environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


_chosen: Language = language_of(os.environ)


def choose(language: Language) -> None:
    global _chosen
    _chosen = language


def language() -> Language:
    return _chosen


def t(zh: str, en: str) -> str:
    """The one of the two that the person at the terminal reads."""
    return zh if _chosen == "zh" else en
