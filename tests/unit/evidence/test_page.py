"""The offline page is one file that needs nothing else, and lets nothing in."""

import re
from base64 import b64encode
from hashlib import sha256

from kaipiao.evidence.page.compose import compose_page, compose_verifier, content_policy
from tests.unit.evidence.test_verdict import VKEY

PAGE = compose_page([VKEY]).decode()


def source_of(tag: str) -> str:
    (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def test_the_policy_names_these_very_scripts_and_styles_and_forbids_all_else() -> None:
    assert f'content="{content_policy()}"' in PAGE
    assert content_policy() == (
        f"default-src 'none'; script-src {source_of('script')}; style-src {source_of('style')}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_nothing_on_the_page_leads_outside() -> None:
    assert not re.search(r"https?:|//[a-z]+\.[a-z]|@import|url\(|\bfetch\b|XMLHttp", PAGE)
    assert "{{" not in PAGE.replace("${{", "")
    assert len(PAGE) < 100_000


def test_keys_and_policy_are_text_whatever_they_hold() -> None:
    page = compose_page(["</textarea><script>alert(1)</script>"], "a & b\n").decode()

    assert page.count("<script>") == 1
    assert "&lt;/textarea&gt;" in page
    assert "a &amp; b\n</textarea>" in page


def test_the_page_may_be_given_out_without_a_key() -> None:
    assert '<textarea id="keys" rows="3" spellcheck="false"></textarea>' in compose_page().decode()


def test_the_verifier_alone_touches_no_screen() -> None:
    assert "getElementById" not in compose_verifier()
    assert "kaipiao/issued/v1" in compose_verifier()
