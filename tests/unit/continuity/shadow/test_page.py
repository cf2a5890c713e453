"""The page of a run: both answers side by side, in the reader's language, nothing believed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kaipiao.continuity.shadow.book import Divergence, Tally
from kaipiao.continuity.shadow.compare import Difference
from kaipiao.continuity.shadow.page import SHOWN, Language, render_page

TALLY = Tally(
    started_at=datetime(2026, 11, 25, tzinfo=UTC), next_index=12, log_size=15, same=9,
    diverged=1, only_here=1, only_there=1, version="9.9.9",
)  # fmt: skip
ABOUT: dict[str, Any] = {
    "index": 1,
    "seller": "9131",
    "here": {"number": "2633", "totals": {"tax_fen": 131}},
}
APART = Divergence(
    **ABOUT, key="rounded", kind="content", differences=(Difference("/totals/tax_fen", 131, 130),)
)
REFUSED = Divergence(
    **ABOUT, key="<b>", kind="refused", status=422, there={"code": "rules-broken", "zh": "不合规"}
)
STRANGER = Divergence(index=1, seller="9131", key="lax", kind="stranger", there={"number": "99"})


def page(*found: Divergence, language: Language = "zh") -> str:
    return render_page(None, TALLY, found, language).decode()


@pytest.mark.parametrize(("language", "words"), [("zh", "不一致"), ("en", "not alike")])
def test_both_answers_stand_side_by_side(language: Language, words: str) -> None:
    told = page(APART, REFUSED, STRANGER, language=language)

    assert words in told
    for text in ("<code>131</code>", "<code>130</code>", "rules-broken", "lax", "2633"):
        assert text in told


def test_no_text_of_an_invoice_or_of_the_shadow_is_markup() -> None:
    lying = Divergence(**ABOUT, key="k", kind="refused", there="<script>")

    assert "<b>" not in page(REFUSED)
    assert "<script>" not in page(lying)


def test_a_page_has_an_end() -> None:
    told = page(*[APART] * (SHOWN + 1))

    assert told.count("<section>") == SHOWN
    assert "--all" in told
