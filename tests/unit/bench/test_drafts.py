"""What is sent is lawful, of the size that was promised, and from ten thousand sellers."""

import json
from datetime import date
from pathlib import Path

from bench.drafts import SELLERS, compose_draft, seller_of, write_drafts
from kaipiao.regimes.cn.rules import check


def test_a_draft_breaks_no_rule() -> None:
    for index in range(0, SELLERS, 37):
        assert check(compose_draft(index), on=date(2026, 11, 24)) == []


def test_every_seller_is_another(tmp_path: Path) -> None:
    sellers = write_drafts(tmp_path / "drafts", 500)
    drafts = (tmp_path / "drafts").read_bytes().splitlines()

    assert sellers == [json.loads(draft)["seller"]["taxpayer_id"] for draft in drafts]
    assert len({seller_of(index).taxpayer_id for index in range(SELLERS)}) == SELLERS


def test_a_draft_has_three_lines_and_about_1_2_kilobytes(tmp_path: Path) -> None:
    write_drafts(tmp_path / "drafts", 200)

    for draft in (tmp_path / "drafts").read_bytes().splitlines():
        assert len(json.loads(draft)["lines"]) == 3
        assert 1_050 < len(draft) < 1_250
