"""From the page's parts to one file that needs nothing else."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files

PAGE_NAME = "verify.html"
_PARTS = files("kaipiao.evidence.page")
_ON_SCREEN = "90"
"""Script files from here on need a document; those before run wherever there is WebCrypto."""


def compose_page(vkeys: Iterable[str] = (), policy: str = "") -> bytes:
    """The page, with keys of logs and a policy of witnesses filled in for whoever opens it.

    They are text in the page and no part of its scripts, so anyone may change them there.
    """
    keys = "\n".join(vkeys)
    page = _template().replace("{{keys}}", escape(keys))
    return page.replace("{{policy}}", escape(policy)).encode()


@cache
def content_policy() -> str:
    """What a browser may do for this page: run these very scripts and styles, and nothing more."""
    return (
        f"default-src 'none'; script-src '{_source(_script())}'; style-src '{_source(_style())}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def compose_verifier() -> str:
    """The verifier alone, without the part that draws on the screen."""
    return "\n".join(text for name, text in _scripts() if name < _ON_SCREEN)


@cache
def _template() -> str:
    page = _PARTS.joinpath("page.html").read_text("utf-8")
    for name, text in (("csp", content_policy()), ("style", _style()), ("script", _script())):
        page = page.replace(f"{{{{{name}}}}}", text)
    return page


@cache
def _script() -> str:
    return '\n(() => {\n"use strict";\n' + "\n".join(text for _, text in _scripts()) + "})();\n"


@cache
def _style() -> str:
    return "\n" + _PARTS.joinpath("page.css").read_text("utf-8")


def _scripts() -> list[tuple[str, str]]:
    found = [(one.name, one) for one in _PARTS.joinpath("script").iterdir()]
    return [(name, one.read_text("utf-8")) for name, one in sorted(found, key=lambda pair: pair[0])]


def _source(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
