"""Every refusal is complete: a code of its own, a status, a page, words in both languages."""

import importlib
import pkgutil
import re
from string import Formatter

import pytest

import kaipiao
from kaipiao.errors import Refusal
from kaipiao.gateway.problems import STATUS


def every_refusal() -> set[type[Refusal]]:
    """Those of all rooms, so every module is imported first."""
    for module in pkgutil.walk_packages(kaipiao.__path__, "kaipiao."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, waiting = set[type[Refusal]](), [Refusal]
    while waiting:
        below = waiting.pop().__subclasses__()
        found.update(below)
        waiting += below
    return {refusal for refusal in found if refusal.__module__.startswith("kaipiao.")}


REFUSALS = sorted(STATUS, key=lambda refusal: refusal.code)


def test_every_refusal_has_a_status_and_so_a_page() -> None:
    assert every_refusal() == set(STATUS)


def test_a_code_has_one_meaning() -> None:
    assert len({refusal.code for refusal in REFUSALS}) == len(REFUSALS)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_a_refusal_speaks_both_languages(refusal: type[Refusal]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", refusal.code)
    assert refusal.__doc__
    assert re.search(r"[\u4e00-\u9fff]", refusal.zh)
    assert not re.search(r"[\u4e00-\u9fff]", refusal.en)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_both_languages_give_the_same_facts(refusal: type[Refusal]) -> None:
    def facts(text: str, own: str) -> set[str]:
        """A fact that is itself a text, ``why_zh``, is there in each language for itself."""
        named = {name for _, name, _, _ in Formatter().parse(text) if name}
        return {name.removesuffix(own) for name in named}

    assert facts(refusal.zh, "_zh") == facts(refusal.en, "_en")
