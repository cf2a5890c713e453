"""The examples are what their README says: lawful, or wrong in exactly the ways named."""

import re
from datetime import date

import msgspec
import pytest

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import totals_of
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.settle import settle
from kaipiao.regimes.cn.rules import check
from tests.docs.files import ROOT
from tests.docs.markdown import row
from tests.docs.pages.draft import field_rows, field_table

FOLDER = ROOT / "examples"
README = (FOLDER / "README.md").read_text("utf-8")
DAYS = (date(2026, 11, 24), date(2027, 12, 31))
LAWFUL = sorted(path.name for path in FOLDER.glob("*.json") if path.name != "broken.json")


def read(name: str) -> Draft:
    return msgspec.json.decode((FOLDER / name).read_bytes(), type=Draft)


@pytest.mark.parametrize("name", LAWFUL)
def test_an_example_is_lawful_and_comes_to_what_the_readme_says(name: str) -> None:
    draft = read(name)
    totals = totals_of(settle(draft))
    amounts = (totals.net_fen, totals.tax_fen, totals.gross_fen)
    (line,) = (line for line in README.splitlines() if line.startswith(f"| [{name}]"))

    assert [check(draft, on=day) for day in DAYS] == [[], []]
    assert line.endswith(f"| {' | '.join(map(format_yuan, amounts))} |")


def test_every_line_of_the_ndjson_is_lawful() -> None:
    lines = (FOLDER / "drafts.ndjson").read_bytes().splitlines()
    drafts = [msgspec.json.decode(line, type=Draft) for line in lines]

    assert len(drafts) == 40
    assert [draft for draft in drafts if check(draft, on=DAYS[0])] == []


def test_the_broken_example_is_wrong_in_exactly_the_ways_named() -> None:
    rows = [
        row(found.severity, f"`{found.code}`", f"`{found.path}`")
        for found in check(read("broken.json"), on=DAYS[0])
    ]

    assert "".join(["|---|---|---|\n", *rows, "\n"]) in README


def test_the_readme_explains_every_field_and_names_every_file() -> None:
    assert field_table() in README
    assert "".join(field_rows()).count("`seller.") == "".join(field_rows()).count("`buyer.") > 0
    named = set(re.findall(r"^\| \[([\w.-]+)\]", README, flags=re.MULTILINE)) | {"broken.json"}
    assert {path.name for path in FOLDER.iterdir()} == named | {"README.md"}
